// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/json.h"

#include "cli/columns.h"

namespace dvpn::cli {

void print(const nlohmann::json& answer, std::ostream& out) {
  out << answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

ExitCode refuse(const std::string& text, Form form, std::ostream& out, std::ostream& err, ExitCode code) {
  if (form == Form::kJson) {
    print({{"v", 1}, {"ok", false}, {"error", text}}, out);
  } else if (text.find('\n') != std::string::npos) {
    err << printable(text) << (text.ends_with('\n') ? "" : "\n");  // diagnostics, which have their place in them
  } else {
    err << "dvpn: " << printable(text) << '\n';
  }
  return code;
}

}  // namespace dvpn::cli
