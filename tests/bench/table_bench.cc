// SPDX-License-Identifier: GPL-2.0-or-later
// An ordinary large table, 65,536 gateways with a block each: how long it takes to parse, what it holds in memory, and
// what a lookup costs beside the cache misses that any structure of its size has.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <random>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/text.h"
#include "table/table.h"

namespace dvpn::table {
namespace {

constexpr unsigned kRoutes = 65'536;

std::string large_table(net::Family family) {
  std::string out;
  for (unsigned i = 0; i < kRoutes; ++i) {
    const std::string gateway = text("198.", 18 + i / 65536, '.', i / 256 % 256, '.', i % 256);
    if (family == net::Family::kIPv4)
      out += text("10.", i / 256, '.', i % 256, ".1  site", i, " site", i, ".vpn  #! ", gateway, " 10.", i / 256, '.',
                  i % 256, ".0/24\n");
    else
      out += text("fd00:", i / 256, ':', i % 256, "::1  site", i, " site", i, ".vpn  #! ", gateway, " fd00:", i / 256,
                  ':', i % 256, "::/64\n");
  }
  return out;
}

void parse(benchmark::State& state) {
  const std::string content = large_table(static_cast<net::Family>(state.range(0)));
  std::size_t bytes = 0;
  for (auto _ : state) {
    const struct mallinfo2 before = ::mallinfo2();
    Diagnostics diagnostics("hosts");
    const Table table = Table::parse(content, diagnostics);
    const struct mallinfo2 after = ::mallinfo2();
    if (diagnostics.has_errors() || table.routes().size() != kRoutes) state.SkipWithError("the table does not parse");
    bytes = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
  }
  state.counters["MB"] = static_cast<double>(bytes) / 1e6;
}
BENCHMARK(parse)->Arg(0)->Arg(1)->ArgName("family")->Unit(benchmark::kMillisecond);

void lookup(benchmark::State& state) {
  const auto family = static_cast<net::Family>(state.range(0));
  Diagnostics diagnostics("hosts");
  const Table table = Table::parse(large_table(family), diagnostics);
  std::vector<net::Address> addresses;
  std::mt19937 random(1);
  while (addresses.size() < 1u << 16) {
    const Route& route = table.routes()[random() % kRoutes];
    addresses.push_back(route.address);
  }
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.lookup(addresses[next]));
    next = (next + 1) % addresses.size();
  }
}
BENCHMARK(lookup)->Arg(0)->Arg(1)->ArgName("family");

}  // namespace
}  // namespace dvpn::table

BENCHMARK_MAIN();
