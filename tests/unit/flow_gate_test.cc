// SPDX-License-Identifier: GPL-2.0-or-later
// What a client hears, for each way in which its connection did not come about.
#include "flow/gate.h"

#include <gtest/gtest.h>

namespace dvpn::flow {
namespace {

using intercept::Verdict;

TEST(GateVerdict, IsWhatTheFarSideSaid) {
  EXPECT_EQ(verdict_for(EndReason::kRefused), Verdict::kReset);
  EXPECT_EQ(verdict_for(EndReason::kHostUnreachable), Verdict::kHostUnreachable);
  EXPECT_EQ(verdict_for(EndReason::kNetworkUnreachable), Verdict::kNetworkUnreachable);
  EXPECT_EQ(verdict_for(EndReason::kProhibited), Verdict::kProhibited);
  EXPECT_EQ(verdict_for(EndReason::kTimedOut), Verdict::kSilence);
}

TEST(GateVerdict, TroubleOnTheWayIsANetworkThatCannotBeReached) {
  for (const EndReason reason : {EndReason::kGatewayUnreachable, EndReason::kGatewayTimeout, EndReason::kGatewayProtocol,
                                 EndReason::kHostKeyUnknown, EndReason::kHostKeyChanged, EndReason::kAuthentication,
                                 EndReason::kSessionLost, EndReason::kNoRelay, EndReason::kFarBroken, EndReason::kNoRoute})
    EXPECT_EQ(verdict_for(reason), Verdict::kNetworkUnreachable) << name(reason);
}

TEST(GateVerdict, NobodyIsLetThroughWithoutAConnection) {
  for (std::size_t i = 0; i < kEndReasons; ++i) EXPECT_NE(verdict_for(static_cast<EndReason>(i)), Verdict::kPass) << i;
}

}  // namespace
}  // namespace dvpn::flow
