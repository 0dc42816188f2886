#include "server/base/flags.h"

#include <boost/program_options/parsers.hpp>

namespace podnamed::base {

namespace po = boost::program_options;

absl::StatusOr<po::variables_map> ParseFlags(int argc, const char* const* argv, const po::options_description& flags) {
  namespace style = po::command_line_style;
  constexpr int kGoStyle =
      style::allow_long | style::allow_long_disguise | style::long_allow_adjacent | style::long_allow_next;
  try {
    const po::parsed_options parsed =
        po::command_line_parser(argc, argv).options(flags).style(kGoStyle).allow_unregistered().run();
    const auto unknown = po::collect_unrecognized(parsed.options, po::include_positional);
    if (!unknown.empty()) return absl::InvalidArgumentError("\"" + unknown.front() + "\" is no flag; -help lists them");
    po::variables_map values;
    po::store(parsed, values);
    po::notify(values);
    return values;
  } catch (const po::error& error) {  // the library's only way to say no
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace podnamed::base
