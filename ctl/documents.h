// Texts made from the command table: help, manual page, completion scripts. Pure.
#pragma once

#include <string>

#include "ctl/command_table.h"

namespace podnamed::ctl {

std::string HelpText();
std::string HelpText(const CommandDescription& command);
// podnamectl(1) in man(7) macros.
std::string ManPage(std::string_view version);
std::string BashCompletion();
std::string ZshCompletion();

}  // namespace podnamed::ctl
