// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn why`. Its codes beyond yes and no are those of sysexits.h, so that a script can tell a stop from a question that failed.
#include <chrono>
#include <memory>

#include "cli/commands.h"
#include "cli/control_client.h"
#include "cli/json.h"
#include "cli/why.h"

namespace dvpn::cli {

namespace {

constexpr auto kWhyPatience = std::chrono::seconds(15);  // longer than the daemon takes for any call

int why(CommandLine& line, const WhyQuestion& question) {
  const auto path = line.socket();
  if (!path) return line.refuse(path.error(), kBadConfiguration);
  const auto answer = ask_daemon(*path, why_request(question), kWhyPatience);
  if (!answer) return line.refuse(answer.error().text, kUnavailable);
  const bool ok = (*answer)["ok"];
  if (line.form() == Form::kJson)
    print(*answer, line.out());
  else if (ok)
    line.out() << render_why(*answer);
  else
    line.refuse(answer->value("error", std::string("dvpnd refused")));
  if (!ok) return kBadQuestion;
  return answer->value("carried", false) ? kOk : kNo;
}

}  // namespace

void add_why_command(CommandLine& line) {
  const auto question = std::make_shared<WhyQuestion>();
  CLI::App* command = line.add("why", "Why a destination is carried, or where it stops and what to do",
                               [&line, question] { return why(line, *question); }, kBadQuestion);
  line.add_socket(command);
  command->add_option("DEST", question->destination, "ADDRESS[:PORT] or NAME[:PORT]; IPv6 with a port in brackets")->required();
  command->add_option("--from", question->from, "The client's address");
  auto* udp = command->add_flag("--udp", question->udp, "UDP instead of TCP");
  auto* ping = command->add_flag("--ping", question->ping, "A ping instead of TCP");
  auto* connect = command->add_flag("--connect", question->connect, "Try the target itself with a TCP connection; needs root");
  udp->excludes(ping)->excludes(connect);
  ping->excludes(connect);
}

}  // namespace dvpn::cli
