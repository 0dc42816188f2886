// podname-controller: flags to ControllerOptions to Controller; then waits to be asked to stop.
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <boost/program_options/variables_map.hpp>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "controller/controller.h"
#include "server/base/flags.h"
#include "server/base/log.h"
#include "server/base/signals.h"
#include "server/base/version.h"

namespace podnamed::controller {
namespace {

namespace po = boost::program_options;

po::options_description MakeFlags() {
  po::options_description flags(
      "podname-controller turns a source into pod identities and serves them to podnamed.\n"
      "Flags (-name value or -name=value)");
  flags.add_options()                                                                                     //
      ("manifests", po::value<std::string>(), "directory of Kubernetes manifests (YAML, JSON); watched")  //
      ("listen",
       po::value<std::vector<std::string>>()->default_value({"unix:///run/podnamed/feed.sock"},
                                                            "unix:///run/podnamed/feed.sock"),
       "where to serve the feed: unix:///path, host:port, :port; may be given several times")  //
      ("quiet", po::bool_switch(), "log warnings and errors only")                             //
      ("version", po::bool_switch(), "show the version, and exit")                             //
      ("help", po::bool_switch(), "show this text, and exit");
  return flags;
}

int Fail(std::string_view message) {
  std::cerr << "podname-controller: " << message << "\n";
  return 1;
}

int Run(const po::variables_map& flags) {
  if (flags.count("manifests") == 0) return Fail("no source; name a directory with -manifests DIR");
  base::StartLogging(flags["quiet"].as<bool>());
  auto controller = Controller::Start(
      {.manifests = flags["manifests"].as<std::string>(), .addresses = flags["listen"].as<std::vector<std::string>>()});
  if (!controller.ok()) {
    base::StopLogging();
    return Fail(std::string(controller.status().message()));
  }
  for (const std::string& address : (*controller)->addresses()) {
    base::LogInfo("controller", "serving the feed at {}", address);
  }
  const char* const signal = base::WaitForStopSignal();
  base::LogInfo("controller", "{}: stopping", signal);
  controller->reset();
  base::StopLogging();
  return 0;
}

}  // namespace
}  // namespace podnamed::controller

int main(int argc, char** argv) {
  podnamed::base::BlockStopSignals();
  const auto flags = podnamed::controller::MakeFlags();
  const auto values = podnamed::base::ParseFlags(argc, argv, flags);
  if (!values.ok()) {
    std::cerr << flags;
    return podnamed::controller::Fail(std::string(values.status().message()));
  }
  if ((*values)["help"].as<bool>()) {
    std::cout << flags;
    return 0;
  }
  if ((*values)["version"].as<bool>()) {
    std::cout << "podname-controller-" << podnamed::base::kVersion << "\n";
    return 0;
  }
  return podnamed::controller::Run(*values);
}
