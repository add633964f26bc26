// SPDX-License-Identifier: GPL-2.0-or-later
#include "joined_sites.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace dvpn::lab {

namespace {

void must(const Result& result) {
  if (result.exit != 0) throw std::runtime_error(result.out + result.err);
}

void prepare_sshd(const Site& site) {
  const std::string folder = site.path("sshd");
  must(run_here("mkdir -p " + folder + "/sshd_config.d " + site.path("log") + " /run/sshd && for t in ed25519 ecdsa rsa; do ssh-keygen -q -t $t -N '' -f " +
                folder + "/host_$t; done && printf 'Include " + folder + "/sshd_config.d/*.conf\\nPort 22\\nHostKey " + folder + "/host_ed25519\\nHostKey " +
                folder + "/host_ecdsa\\nHostKey " + folder + "/host_rsa\\nPidFile none\\nUsePAM no\\nLogLevel VERBOSE\\n' >" + folder + "/sshd_config"));
}

}  // namespace

Result operate(const Lab& lab, const std::string& site, const std::string& words, const std::string& input) {
  const Site at = lab.site(site);
  const std::string build = std::string(DVPN_LAB_BUILD) + "/src/programs";
  const std::string path = "PATH=" + source_folder() + "/chroot:" + source_folder() + "/rules:" + build + ":$PATH";
  return at.gateway().run(path + " exec " DVPN_LAB_DVPN " " + words + " -c " + at.path("etc/dvpnd.yaml") + " --sshd-config " +
                              at.path("sshd/sshd_config") + " <" + input,
                          60s);
}

std::string init_words(const Site& site) {
  const std::string name = site.path("").substr(0, site.path("").size() - 1);
  return "init --yes --name site-" + name.substr(name.rfind('/') + 1) + " --gaol " + site.path("gaol") + " --run " + site.path("run");
}

std::string join(Lab& lab) {
  std::string said;
  for (const std::string site : {"a", "b"}) {
    prepare_sshd(lab.site(site));
    const Result made = operate(lab, site, init_words(lab.site(site)));
    must(made);
    said = made.out;
  }
  must(exchange(lab, "a", "b"));
  must(exchange(lab, "b", "a"));
  for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab.step(step);
  return said;
}

Result exchange(const Lab& lab, const std::string& from, const std::string& to, const std::string& options) {
  const Result block = operate(lab, from, "peer export");
  must(block);
  const std::string path = lab.site(to).path("block");
  must(run_here("cat >" + path + " <<'END'\n" + block.out + "END"));
  return operate(lab, to, "peer add --yes " + options, path);
}

}  // namespace dvpn::lab
