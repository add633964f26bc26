// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/request.h"

#include <gtest/gtest.h>

#include <string>

namespace dvpn::wire {
namespace {

using std::chrono::milliseconds;
using namespace std::string_literals;

Request full_request() {
  return {.kind = Kind::kTcp,
          .target = net::Endpoint::parse("10.0.32.5:80"),
          .client = net::Endpoint::parse("[fd00:31::7]:40000"),
          .deadline = milliseconds(5000)};
}

TEST(Request, HasTheDocumentedBytes) {
  const std::string expected =
      "\x01\x02\x00\x08"
      "\x81\x06\x0a\x00\x20\x05\x00\x50"s;
  EXPECT_EQ(encode(Request{.kind = Kind::kTcp, .target = net::Endpoint::parse("10.0.32.5:80")}), expected);
  EXPECT_EQ(encode(Request{}), "\x01\x01\x00\x00"s);
}

TEST(Request, SurvivesTheWire) {
  for (const Request& request : {Request{}, full_request(),
                                 Request{.kind = Kind::kEcho, .target = net::Endpoint{*net::Address::parse("::2"), 0}},
                                 Request{.kind = Kind::kUdp, .target = net::Endpoint::parse("10.0.32.5:53")},
                                 Request{.kind = Kind::kWouldAllow, .target = net::Endpoint::parse("10.0.32.5:53"), .about = Kind::kUdp},
                                 Request{.kind = Kind::kWouldAllow, .target = net::Endpoint{}, .about = Kind::kEcho}}) {
    const std::string bytes = encode(request);
    EXPECT_EQ(request_body_length(bytes.substr(0, kHeaderSize)), bytes.size() - kHeaderSize);
    EXPECT_EQ(decode_request(bytes), request);
  }
}

TEST(Request, IsMalformedWhereverItIsCutOff) {
  const std::string bytes = encode(full_request());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(decode_request(bytes.substr(0, size)), std::unexpected(Status::kMalformed)) << size;
}

/// A cut inside the values, with a length that agrees with it.
TEST(Request, IsMalformedWhereverItsValuesAreCutOff) {
  const std::string bytes = encode(full_request());
  const std::string whole[] = {bytes.substr(0, kHeaderSize + 8), bytes.substr(0, kHeaderSize + 28), bytes};
  for (std::size_t size = kHeaderSize; size < bytes.size(); ++size) {
    std::string cut = bytes.substr(0, size);
    cut[3] = static_cast<char>(size - kHeaderSize);
    const bool ends_with_a_value = size == whole[0].size() || size == whole[1].size();
    EXPECT_EQ(decode_request(cut).has_value(), ends_with_a_value) << size;
  }
}

TEST(Request, SkipsUnknownValuesUnlessTheyAreCritical) {
  const std::string target = "\x81\x06\x0a\x00\x20\x05\x00\x50"s;
  const auto decoded = decode_request("\x01\x02\x00\x0d"s + "\x7f\x03" + "abc" + target);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->target->to_string(), "10.0.32.5:80");
  EXPECT_EQ(decode_request("\x01\x02\x00\x0d"s + "\xff\x03" + "abc" + target), std::unexpected(Status::kUnsupported));
  EXPECT_EQ(decode_request("\x01\x02\x00\x0a"s + "\xff\x00"s + target), std::unexpected(Status::kUnsupported));
}

TEST(Request, SaysWhatItDoesNotKnow) {
  EXPECT_EQ(request_body_length("\x02\x02\x00\x08"s), std::unexpected(Status::kUnsupported));
  EXPECT_EQ(request_body_length("\x00\x02\x00\x08"s), std::unexpected(Status::kUnsupported));
  EXPECT_EQ(request_body_length("\x01\x00\x00\x08"s), std::unexpected(Status::kUnsupported));
  EXPECT_EQ(request_body_length("\x01\x06\x00\x08"s), std::unexpected(Status::kUnsupported));
  EXPECT_EQ(request_body_length("\x01\x02\x04\x00"s), 1024u);
  EXPECT_EQ(request_body_length("\x01\x02\x04\x01"s), std::unexpected(Status::kMalformed));
  EXPECT_EQ(request_body_length("\x01\x02\xff\xff"s), std::unexpected(Status::kMalformed));
}

TEST(Request, IsMalformedWithAWrongOrMissingTarget) {
  const std::string bad[] = {
      "\x01\x02\x00\x00"s,                                                                    // none
      "\x01\x05\x00\x00"s,                                                                    // would-allow too
      "\x01\x02\x00\x08\x81\x06\x0a\x00\x20\x05\x00\x00"s,                                    // port 0
      "\x01\x02\x00\x07\x81\x05\x0a\x00\x20\x00\x50"s,                                        // 3 bytes of address
      "\x01\x02\x00\x02\x81\x00"s,                                                            // empty
      "\x01\x02\x00\x10\x81\x06\x0a\x00\x20\x05\x00\x50\x01\x06\x0a\x00\x20\x05\x00\x50"s,    // twice
      "\x01\x02\x00\x0d\x81\x06\x0a\x00\x20\x05\x00\x50\x03\x03\x00\x00\x00"s,                // short deadline
      "\x01\x02\x00\x09\x81\x06\x0a\x00\x20\x05\x00\x50\x03"s,                                // half a value
      "\x01\x05\x00\x0b\x81\x06\x0a\x00\x20\x05\x00\x50\x84\x01\x01"s,                        // about hello
      "\x01\x05\x00\x0b\x81\x06\x0a\x00\x20\x05\x00\x00\x84\x01\x03"s,                        // about udp, port 0
      "\x01\x05\x00\x0a\x81\x06\x0a\x00\x20\x05\x00\x50\x84\x00"s,                            // about nothing
  };
  for (const std::string& bytes : bad) EXPECT_EQ(decode_request(bytes), std::unexpected(Status::kMalformed));
}

TEST(Request, ReadsAMappedTargetAsIPv4) {
  const std::string mapped = "\x01\x02\x00\x14\x81\x12"s + std::string(10, '\0') + "\xff\xff\x7f\x00\x00\x01\x00\x16"s;
  EXPECT_EQ(decode_request(mapped)->target->to_string(), "127.0.0.1:22");
}

}  // namespace
}  // namespace dvpn::wire
