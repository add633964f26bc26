// SPDX-License-Identifier: GPL-2.0-or-later
//
// A gateway whose administrator uses ufw(8), which keeps what it does not know out: the two live beside each other, whichever comes first,
// and whatever ufw does later. It gets a copy of /etc of its own here.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "servers.h"
#include "udp_site.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;

class BesideUfw : public testing::Test {
 protected:
  Lab lab_{two_sites()};
  Site a_ = lab_.site("a");
  Process page_ = lab_.host("b.h1").serve_page(80, "b"), own_page_ = lab_.host("a.h1").serve_page(80, "a");

  void SetUp() override {
    lab_.step("install");
    for (const char* step : {"sshd", "relay"}) lab_.step(step);
    lab_.step("rules", {"b"});
    ASSERT_EQ(run_here("mkdir -p " + a_.path("ufw/upper") + ' ' + a_.path("ufw/work") + ' ' + a_.path("ufw/root")).exit, 0);
  }

  /// ufw with files of its own; in the gateway's network.
  void ufw(const std::string& arguments) const {
    const std::string private_etc = "mount -t tmpfs tmpfs " + a_.path("ufw/root") + " && mkdir -p " + a_.path("ufw/root") + "/upper " + a_.path("ufw/root") + "/work" +
                                    " && { [ ! -d " + a_.path("ufw/upper") + "/ufw ] || cp -a " + a_.path("ufw/upper") + "/. " + a_.path("ufw/root") + "/upper/; }" +
                                    " && mount -t overlay overlay -o lowerdir=/etc,upperdir=" + a_.path("ufw/root") + "/upper,workdir=" + a_.path("ufw/root") + "/work /etc" +
                                    " && mount -t tmpfs tmpfs /run/lock && ufw " + arguments + " && cp -a " + a_.path("ufw/root") + "/upper/. " + a_.path("ufw/upper") + "/";
    const Result result = a_.gateway().run("unshare --mount sh -c '" + private_etc + "'");
    EXPECT_EQ(result.exit, 0) << arguments << ": " << result.out << result.err;
  }

  void all_goes_through() const {
    EXPECT_EQ(lab_.host("a.h1").run("curl -sS -m 8 http://10.0.32.2/").out, "b\n") << a_.log("dvpnd");
    EXPECT_EQ(lab_.host("a.h1").run("curl -sSg -m 8 http://[fd00:32::2]/").out, "b\n");
    EXPECT_EQ(a_.gateway().run("curl -sS -m 8 http://10.0.32.2/").out, "b\n");
    EXPECT_EQ(lab_.host("b.h1").run("curl -sS -m 8 http://10.0.31.2/").out, "a\n");
    EXPECT_EQ(lab_.host("a.h1").run("curl -sS -m 8 http://10.0.32.2:81/").exit, 7);  // refused, as it is there
    const Process server = serve_datagrams(lab_.host("b.h1"), "10.0.32.2", 99);
    EXPECT_EQ(datagrams(lab_.host("a.h1"), "ask", "10.0.32.2", 99, "100").exit, 0);
    const Result rules = a_.gateway().run(source_folder() + "/rules/dvpn-rules -c " + a_.path("etc/dvpnd.yaml") + " --dvpnd " DVPN_LAB_DVPND " check");
    EXPECT_EQ(rules.exit, 0) << rules.out << rules.err;
    EXPECT_THAT(a_.gateway().run("iptables -S ufw-user-input").out, HasSubstr("--dport 22"));
  }
};

TEST_F(BesideUfw, UfwFirst) {
  ufw("allow in on wan0 to any port 22 proto tcp");
  ufw("--force enable");
  for (const char* step : {"rules", "daemon"}) lab_.step(step, {"a"});
  lab_.step("daemon", {"b"});
  all_goes_through();
}

TEST_F(BesideUfw, UfwAfterwardsAndAgain) {
  lab_.step("rules", {"a"});
  lab_.step("daemon");
  ufw("allow in on wan0 to any port 22 proto tcp");
  ufw("--force enable");
  all_goes_through();
  ufw("reload");
  ufw("deny in on lan0 from 10.0.31.2");  // keeps a host from the gateway's own services, not from the VPN
  all_goes_through();
}

}  // namespace
}  // namespace dvpn::lab
