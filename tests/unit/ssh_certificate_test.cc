// SPDX-License-Identifier: GPL-2.0-or-later
// Certificates as ssh-keygen -s made them: -I "thursday TYPE" -n dvpn,friday -z 7 -V 20260101000000Z:20260201000000Z.
#include "ssh/certificate.h"

#include <gtest/gtest.h>

#include "ssh/base64.h"

namespace dvpn::ssh {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

const std::string kEd =
    "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAILjmTtMY0irTeGqjpYaXJVRe+18WVSIpntnIP7Rd1dnxAAAAIDYmrXEZgsEQ1xOem"
    "bhwf9vo1+XPpwPd7Tu5udpn5a6aAAAAAAAAAAcAAAABAAAAEHRodXJzZGF5IGVkMjU1MTkAAAASAAAABGR2cG4AAAAGZnJpZGF5AAAAAGlVuQAAAAAAaX6XgAAAAAAAAACCAAAAFXBlcm1pdC1YMTE"
    "tZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjA"
    "AAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIIJGjkdk64PFTUdaAPAv/Xgidc+O66Az+IDk8BxxONCVAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEA/7lPkq9bAgolmY+HZwVK6QHA+fExfNnH7H0e"
    "cr+pQvBJLpgc/JvYUFwQSzm3FWNVVNWNUt9oTI9yFR5WkSQwI thursday";
const std::string kEcdsa =
    "ecdsa-sha2-nistp256-cert-v01@openssh.com AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAg+9P8mbXOY2X25uiS3G9Th3oZ/IRXpfplyr132DFJtqEAA"
    "AAIbmlzdHAyNTYAAABBBFzyhGvgA93sTj3Xk5FLL/0Vq14vbNk2ow/XcWNYpeNoTBcjzuWWoNyWkoLxk5IVlXhF/BrD7QzXz0flYA+yRikAAAAAAAAABwAAAAEAAAAOdGh1cnNkYXkgZWNkc2EAAAA"
    "SAAAABGR2cG4AAAAGZnJpZGF5AAAAAGlVuQAAAAAAaX6XgAAAAAAAAACCAAAAFXBlcm1pdC1YMTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pd"
    "C1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIIJGjkdk64PFTUdaAPAv/Xgidc+O66Az+ID"
    "k8BxxONCVAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEAI4ZYhz1z2nKi/3r5jHmxHAmhpaGVXlpETi2Lge/WtFaMibnqC/guErCkX1ltQeoFN9C9h7IsZOoNKpo6Tud4F thursday";
const std::string kRsa =
    "ssh-rsa-cert-v01@openssh.com AAAAHHNzaC1yc2EtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgglcwDHqGc9BQZ4c6AFcOQyec4T26LhTxrqn74nXiWQUAAAADAQABAAABAQCqQ/fXPcTgZ31dz"
    "jEVIVER5+DSGFixZAq0J9m956Gp6OPVA3syPmpZdRR3cfbTwYjOJorMofhmwit7Y2irNKBCgBgG59/53MgUQ+djSYL4RvCpywvJ1NjaBd98bpF/T2hmmERacYCjcmWQxS/6FEMGRPSoZmPzXZwx/HY"
    "RsQvYsdeU4Rk/2EDfn2ah1SrMeahUzc17p1c1yGeqShLf4euyBH8fjTledfuNpSQNxkVfhh78dE1KcyLTbhCDWBd4DUg1X2UqmKJLWrVizd+BVpMqx7yAdUlMby/GPwT/UlNkPDIcF+U8Vqxy01GQU"
    "Kylebc1L+kqvpNgd4JR3alG/A+zAAAAAAAAAAcAAAABAAAADHRodXJzZGF5IHJzYQAAABIAAAAEZHZwbgAAAAZmcmlkYXkAAAAAaVW5AAAAAABpfpeAAAAAAAAAAIIAAAAVcGVybWl0LVgxMS1mb3J"
    "3YXJkaW5nAAAAAAAAABdwZXJtaXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybWl0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAA"
    "AAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAggkaOR2Trg8VNR1oA8C/9eCJ1z47roDP4gOTwHHE40JUAAABTAAAAC3NzaC1lZDI1NTE5AAAAQPJh6/uQx0YmrdXXVPGEGYnZMYdpR7E9dsJhbffj7mh"
    "7Bwtakpf9EoHhNJNnjegyyXZwqtnU0UiMUoHCQ6XALgI= thursday";
const std::string kForever =
    "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIGg7UalkZgQHzOq+iCvhGFRLdA5SEzsgmCXcKmUo8EvnAAAAIDYmrXEZgsEQ1xOem"
    "bhwf9vo1+XPpwPd7Tu5udpn5a6aAAAAAAAAAAAAAAABAAAAB2ZvcmV2ZXIAAAAIAAAABGR2cG4AAAAAAAAAAP//////////AAAAAAAAAIIAAAAVcGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABd"
    "wZXJtaXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybWl0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAAAAAAADMAAAALc3NoL"
    "WVkMjU1MTkAAAAggkaOR2Trg8VNR1oA8C/9eCJ1z47roDP4gOTwHHE40JUAAABTAAAAC3NzaC1lZDI1NTE5AAAAQGQuHwosGtdWYj6Yb3Ea7pkmlHkksdWwKaDWtnXTeNFbXc3Uv3m4lNhWyf7/e5s"
    "cTqMSqmvW92rvDsvZAzDPqwI= thursday";
const std::string kHost =
    "ecdsa-sha2-nistp256-cert-v01@openssh.com AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgzqgLAJpVfwFmKT1DYpbZOu6gSP41bhwJOti177wpUKIAA"
    "AAIbmlzdHAyNTYAAABBBFzyhGvgA93sTj3Xk5FLL/0Vq14vbNk2ow/XcWNYpeNoTBcjzuWWoNyWkoLxk5IVlXhF/BrD7QzXz0flYA+yRikAAAAAAAAAAAAAAAIAAAAEaG9zdAAAAAYAAAACZ3cAAAA"
    "AAAAAAP//////////AAAAAAAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACCCRo5HZOuDxU1HWgDwL/14InXPjuugM/iA5PAccTjQlQAAAFMAAAALc3NoLWVkMjU1MTkAAABAxDVph5dx7yxTS"
    "hicJlzl31TlvN38yOEzhnY/D9L6Je30C4sFKDUnEP6ccOkwFZUcSifRH2lm792UaYOQqwA0Dg== thursday";
const std::string kKey = "AAAAC3NzaC1lZDI1NTE5AAAAIDYmrXEZgsEQ1xOembhwf9vo1+XPpwPd7Tu5udpn5a6a";
constexpr sys_seconds kFrom = sys_days(std::chrono::year(2026) / 1 / 1);
constexpr sys_seconds kTo = sys_days(std::chrono::year(2026) / 2 / 1);

TEST(Certificate, IsReadAsSshKeygenShowsIt) {
  for (const auto& [line, type] : {std::pair{kEd, "ed25519"}, {kEcdsa, "ecdsa"}, {kRsa, "rsa"}}) {
    const auto certificate = parse_certificate(line + "\n");
    ASSERT_TRUE(certificate) << type << ": " << certificate.error();
    EXPECT_EQ(certificate->id, std::string("thursday ") + type);
    EXPECT_EQ(certificate->serial, 7u);
    EXPECT_EQ(certificate->principals, (std::vector<std::string>{"dvpn", "friday"}));
    EXPECT_EQ(certificate->from, kFrom);
    EXPECT_EQ(certificate->to, kTo);
  }
  EXPECT_EQ(parse_certificate(kEd)->key_blob, from_base64(kKey));
  EXPECT_EQ(parse_certificate(kForever)->to, std::nullopt);
  EXPECT_EQ(parse_certificate(kForever)->from, sys_seconds());
}

TEST(Certificate, NothingElseIsOne) {
  EXPECT_EQ(parse_certificate(kHost).error(), "it is a certificate of a host, not of a user");
  EXPECT_EQ(parse_certificate("ssh-ed25519 " + kKey).error(), "it is no certificate of an ed25519, ECDSA or RSA key");
  EXPECT_EQ(parse_certificate(kEd.substr(0, kEd.find(' ')) + kRsa.substr(kRsa.find(' '))).error(), "it is cut off, or of another type than it says");
  for (const std::string& bad : {std::string(), std::string("x"), kEd.substr(0, kEd.find(' ')), kEd.substr(0, kEd.find(' ') + 1)}) EXPECT_FALSE(parse_certificate(bad)) << bad;
  const std::string words = kEd.substr(0, kEd.rfind(' '));
  for (std::size_t size = 0; size < words.size(); ++size) EXPECT_FALSE(parse_certificate(words.substr(0, size))) << size;
}

TEST(Certificate, ItsEndIsSeenComing) {
  const auto certificate = parse_certificate(kEd);  // of 31 days
  EXPECT_EQ(validity(*certificate, kFrom - std::chrono::seconds(1)), Validity::kNotYet);
  EXPECT_EQ(validity(*certificate, kFrom), Validity::kValid);
  EXPECT_EQ(validity(*certificate, kTo - days(4)), Validity::kValid);
  EXPECT_EQ(validity(*certificate, kTo - days(3)), Validity::kEndsSoon);
  EXPECT_EQ(validity(*certificate, kTo), Validity::kEnded);
  EXPECT_EQ(validity(*parse_certificate(kForever), kTo + days(100'000)), Validity::kValid);
  Certificate old = *certificate;
  old.from = sys_seconds();
  EXPECT_EQ(validity(old, kTo - days(15)), Validity::kValid);
  EXPECT_EQ(validity(old, kTo - days(13)), Validity::kEndsSoon);
}

}  // namespace
}  // namespace dvpn::ssh
