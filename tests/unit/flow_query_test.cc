// SPDX-License-Identifier: GPL-2.0-or-later
// Which flows a question gets, in what order, how many; and what the ledger makes of them.
#include "flow/flow_query.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "flow/flow.h"
#include "flow/ledger.h"

namespace dvpn::flow {
namespace {

using namespace std::chrono_literals;
using Ids = std::vector<std::uint64_t>;

constexpr const char* kTable =
    "10.0.32.1 thursday #! 203.0.113.7\n"
    "10.0.33.1 friday friday.vpn #! gw.friday.example:2222,b.example 10.0.33.0/24\n"
    "10.0.34.1 saturday #! 203.0.113.9 10.0.34.0/24 map=10.0.99.0/24\n";

class Query : public testing::Test {
 protected:
  Query() {
    Diagnostics diagnostics("hosts");
    snapshot_ = std::make_shared<const Snapshot>(Snapshot{{}, table::Table::parse(kTable, diagnostics), {}});
    EXPECT_EQ(diagnostics.render(), "");
  }

  /// A flow of datagrams that is open, since those need no connection.
  Flow& add(std::uint64_t id, const char* client, const char* destination, std::uint64_t up = 0, Protocol protocol = Protocol::kUdp) {
    const net::Endpoint to = *net::Endpoint::parse(destination);
    Request request{.id = id,
                    .protocol = protocol,
                    .socket = protocol == Protocol::kUdp ? UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) : UniqueFd(),
                    .client = *net::Endpoint::parse(client),
                    .destination = to,
                    .snapshot = snapshot_,
                    .route = snapshot_->table.lookup(to.address)->route,
                    .begun = Flow::Clock::now() - 1s};
    owned_.push_back(std::make_unique<Flow>(context_.get_executor(), std::move(request), budget_));
    Flow& flow = *owned_.back();
    if (protocol == Protocol::kUdp) flow.opened = flow.begun + 5ms;
    flow.gateway = flow.route->gateways.front().to_string();
    flow.bytes_up = up;
    flows_[id] = &flow;
    return flow;
  }

  Ids ids(const FlowQuery& query) const {
    Ids out;
    for (const FlowInfo& info : select(flows_, query).flows) out.push_back(info.id);
    return out;
  }
  Ids matching(const FlowFilter& filter) const { return ids({.filter = filter}); }

  net::asio::io_context context_{1};
  SnapshotPtr snapshot_;
  WindowBudget budget_{0};
  std::vector<std::unique_ptr<Flow>> owned_;
  std::map<std::uint64_t, Flow*> flows_;
};

TEST_F(Query, EachConditionNarrowsDown) {
  add(1, "10.0.31.5:1000", "10.0.32.9:53");
  add(2, "10.0.31.6:1000", "10.0.33.9:445");
  add(3, "10.0.30.5:1000", "10.0.33.8:53", 0, Protocol::kTcp);
  EXPECT_EQ(matching({}), (Ids{1, 2, 3}));
  EXPECT_EQ(matching({.from = net::Prefix::parse("10.0.31.0/24")}), (Ids{1, 2}));
  EXPECT_EQ(matching({.from = net::Prefix::parse("10.0.31.6")}), (Ids{2}));
  EXPECT_EQ(matching({.to = net::Prefix::parse("10.0.33.0/24")}), (Ids{2, 3}));
  EXPECT_EQ(matching({.port = 53}), (Ids{1, 3}));
  EXPECT_EQ(matching({.protocol = Protocol::kTcp}), (Ids{3}));
  EXPECT_EQ(matching({.state = FlowState::kOpening}), (Ids{3}));
  EXPECT_EQ(matching({.state = FlowState::kOpen}), (Ids{1, 2}));
  EXPECT_EQ(matching({.to = net::Prefix::parse("10.0.33.0/24"), .port = 53}), (Ids{3}));
  EXPECT_EQ(matching({.from = net::Prefix::parse("fd00::/8")}), Ids{});
}

TEST_F(Query, AGatewayIsKnownByItsNameItsHostOrItsSite) {
  add(1, "10.0.31.5:1000", "10.0.32.9:53");
  add(2, "10.0.31.5:1000", "10.0.33.9:53");
  for (const char* name : {"gw.friday.example:2222", "gw.friday.example", "friday", "friday.vpn"}) EXPECT_EQ(matching({.gateway = name}), (Ids{2})) << name;
  for (const char* name : {"b.example", "fri", "gw.friday", "nobody"}) EXPECT_EQ(matching({.gateway = name}), Ids{}) << name;
}

TEST_F(Query, AHalfThatHasEndedIsClosing) {
  Flow& flow = add(1, "10.0.31.5:1000", "10.0.32.9:53");
  flow.up_finished = true;
  EXPECT_EQ(matching({.state = FlowState::kClosing}), (Ids{1}));
  EXPECT_EQ(select(flows_, {}).flows[0].state, FlowState::kClosing);
}

TEST_F(Query, SortsAndCuts) {
  add(1, "10.0.31.5:1001", "10.0.32.9:53", 10);
  add(2, "10.0.31.5:1002", "10.0.32.9:53", 30).pace.measure({50, 0}, 1s);
  add(3, "10.0.31.5:1003", "10.0.32.9:53", 20).pace.measure({90, 0}, 1s);
  EXPECT_EQ(ids({.order = FlowOrder::kAge}), (Ids{3, 2, 1}));
  EXPECT_EQ(ids({.order = FlowOrder::kBytes}), (Ids{2, 3, 1}));
  EXPECT_EQ(ids({.order = FlowOrder::kRate}), (Ids{3, 2, 1}));
  EXPECT_EQ(ids({.order = FlowOrder::kRate, .limit = 1}), (Ids{3}));
  EXPECT_EQ(select(flows_, {.limit = 1}).total, 3u);
  EXPECT_EQ(ids({.limit = 0}), Ids{});
}

TEST_F(Query, SeveralWorkersAnswerAsOne) {
  add(1, "10.0.31.5:1001", "10.0.32.9:53", 10);
  add(2, "10.0.31.5:1002", "10.0.32.9:53", 30);
  const FlowQuery query{.order = FlowOrder::kBytes, .limit = 2};
  FlowList one = select(flows_, query);
  flows_.clear();
  add(3, "10.0.31.5:1003", "10.0.32.9:53", 20);
  const FlowList all = merge({std::move(one), select(flows_, query)}, query);
  EXPECT_EQ(all.total, 3u);
  ASSERT_EQ(all.flows.size(), 2u);
  EXPECT_EQ(all.flows[0].id, 2u);
  EXPECT_EQ(all.flows[1].id, 3u);
}

TEST_F(Query, SaysWhatTheFarSideIsAskedFor) {
  add(1, "10.0.31.5:1001", "10.0.34.9:53");
  add(2, "10.0.31.5:1001", "10.0.32.9:53");
  const FlowList list = select(flows_, {});
  ASSERT_TRUE(list.flows[0].target);
  EXPECT_EQ(list.flows[0].target->to_string(), "10.0.99.9:53");
  EXPECT_FALSE(list.flows[1].target);
  EXPECT_GE(list.flows[0].age, 1s);
}

TEST_F(Query, TheLedgerAddsUpByGatewayAndNotesEachOpeningOnce) {
  auto settings = std::make_shared<gateway::Settings>();
  gateway::Turns turns;
  gateway::Room room(context_.get_executor());
  gateway::Gateway gateway(context_.get_executor(), {.host = "203.0.113.7"}, settings, turns, room);
  Flow& one = add(1, "10.0.31.5:1001", "10.0.32.9:53", 100);
  Flow& other = add(2, "10.0.31.5:1002", "10.0.32.9:53", 10);
  add(3, "10.0.31.5:1003", "10.0.32.9:53", 7);  // no gateway yet
  one.carrier = other.carrier = &gateway;
  Ledger ledger;
  const auto start = Flow::Clock::now();
  ledger.measure(flows_, start + 1s);
  EXPECT_NEAR(static_cast<double>(ledger.usage(flows_).at(&gateway).rate.up), 55, 1);
  EXPECT_NEAR(static_cast<double>(one.pace.rate().up), 50, 1);
  one.bytes_up = 300;
  ledger.ended(one);
  flows_.erase(1);
  ledger.measure(flows_, start + 1010ms);  // too soon to tell
  EXPECT_NEAR(static_cast<double>(ledger.usage(flows_).at(&gateway).rate.up), 55, 1);
  ledger.measure(flows_, start + 2s);
  const auto usage = ledger.usage(flows_);
  ASSERT_EQ(usage.size(), 1u);
  EXPECT_EQ(usage.at(&gateway).bytes.up, 310u);
  EXPECT_NEAR(static_cast<double>(usage.at(&gateway).rate.up), 127, 2);
  EXPECT_EQ(usage.at(&gateway).open_times.count(), 2u);
  EXPECT_EQ(usage.at(&gateway).open_times.sum, 10ms);
}

}  // namespace
}  // namespace dvpn::flow
