// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/answer.h"

#include <gtest/gtest.h>

#include <string>

namespace dvpn::wire {
namespace {

using std::chrono::microseconds;
using namespace std::string_literals;

Answer full_answer() {
  return {.status = Status::kOk,
          .versions = Versions{1, 3},
          .features = kFeatureTcp | kFeatureWouldAllow,
          .software = "dvpn-relay 0.1.0",
          .connect_time = microseconds(1234),
          .local = net::Endpoint::parse("[fd00:32::1]:50000"),
          .clock = std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(1'800'000'000'123))};
}

TEST(Answer, HasTheDocumentedBytes) {
  EXPECT_EQ(encode(Answer{.status = Status::kRefused}), "\x01\x01\x00\x00"s);
  EXPECT_EQ(encode(Answer{.status = Status::kUnsupported, .versions = Versions{1, 1}, .features = 9}),
            "\x01\x07\x00\x0a\x01\x02\x01\x01\x02\x04\x00\x00\x00\x09"s);
  EXPECT_EQ(encode(Answer{.status = Status::kOk, .clock = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)}),
            "\x01\x00\x00\x0a\x06\x08\x00\x00\x01\xa1\xfb\x67\x18\x00"s);
}

TEST(Answer, NamesTheLimit) {
  const std::string bytes = "\x01\x06\x00\x03\x07\x01\x02"s;
  EXPECT_EQ(encode(Answer{.status = Status::kLimit, .limit = Limit::kFlowsPerAccount}), bytes);
  EXPECT_EQ(decode_answer(bytes)->limit, Limit::kFlowsPerAccount);
  EXPECT_EQ(no_text(*decode_answer(bytes)), "limit reached: limits.flows_per_account in its relay.yaml");
  EXPECT_EQ(decode_answer("\x01\x06\x00\x03\x07\x01\x04"s)->limit, Limit::kNone) << "one that is not known";
  EXPECT_EQ(no_text(*decode_answer("\x01\x06\x00\x00"s)), "limit reached");
  EXPECT_EQ(decode_answer("\x01\x06\x00\x04\x07\x02\x00\x01"s), std::unexpected(Status::kMalformed));
}

TEST(Answer, SurvivesTheWire) {
  for (const Answer& answer : {full_answer(), Answer{.status = Status::kMalformed}, Answer{.status = Status::kLimit, .limit = Limit::kSparesPerAccount}}) {
    const std::string bytes = encode(answer);
    EXPECT_EQ(answer_body_length(bytes.substr(0, kHeaderSize)), bytes.size() - kHeaderSize);
    EXPECT_EQ(decode_answer(bytes), answer);
  }
}

TEST(Answer, IsMalformedWhereverItIsCutOff) {
  const std::string bytes = encode(full_answer());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(decode_answer(bytes.substr(0, size)), std::unexpected(Status::kMalformed)) << size;
}

TEST(Answer, SkipsUnknownValuesUnlessTheyAreCritical) {
  EXPECT_EQ(decode_answer("\x01\x05\x00\x04\x7f\x02xy"s), Answer{.status = Status::kProhibited});
  EXPECT_EQ(decode_answer("\x01\x05\x00\x04\x00\x02xy"s), Answer{.status = Status::kProhibited});
  EXPECT_EQ(decode_answer("\x01\x05\x00\x04\xff\x02xy"s), std::unexpected(Status::kUnsupported));
  EXPECT_EQ(decode_answer("\x01\x05\x00\x04\x80\x02xy"s), std::unexpected(Status::kUnsupported));
}

TEST(Answer, CountsAnUnknownStatusAsFailed) {
  EXPECT_EQ(decode_answer("\x01\xc8\x00\x00"s)->status, Status::kFailed);
  EXPECT_EQ(decode_answer("\x01\x0c\x00\x00"s)->status, Status::kFailed);
}

TEST(Answer, RefusesWrongValuesAndOtherVersions) {
  EXPECT_EQ(decode_answer("\x02\x00\x00\x00"s), std::unexpected(Status::kUnsupported));
  EXPECT_EQ(answer_body_length("\x01\x00\x04\x01"s), std::unexpected(Status::kMalformed));
  for (const std::string& bad : {"\x01\x00\x00\x03\x01\x01\x01"s, "\x01\x00\x00\x04\x01\x02\x03\x01"s,
                                 "\x01\x00\x00\x0a\x06\x08\x00\x01\x00\x00\x00\x00\x00\x00"s, "\x01\x00\x00\x06\x06\x04\x00\x00\x00\x00"s,
                                 "\x01\x00\x00\x05\x04\x03\x00\x00\x00"s, "\x01\x00\x00\x03\x05\x01\x00"s})
    EXPECT_EQ(decode_answer(bad), std::unexpected(Status::kMalformed));
}

TEST(Answer, CutsALongNameOfTheSoftware) {
  const auto decoded = decode_answer(encode(Answer{.status = Status::kOk, .software = std::string(300, 's')}));
  EXPECT_EQ(decoded->software, std::string(255, 's'));
}

}  // namespace
}  // namespace dvpn::wire
