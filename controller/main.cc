// podname-controller: flags to ControllerOptions to Controller; then waits to be asked to stop.
#include <prometheus/registry.h>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <boost/program_options/variables_map.hpp>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controller/controller.h"
#include "controller/manual.h"
#include "server/base/flags.h"
#include "server/base/log.h"
#include "server/base/service_manager.h"
#include "server/base/signals.h"
#include "server/base/status.h"
#include "server/base/version.h"

namespace podnamed::controller {
namespace {

namespace po = boost::program_options;

po::options_description MakeFlags() {
  po::options_description flags(
      "podname-controller turns a source into pod identities and serves them to podnamed.\n"
      "Flags (-name value or -name=value)");
  flags.add_options()  //
      ("manifests", po::value<std::string>()->value_name("DIR"),
       "source: directory of Kubernetes manifests (YAML, JSON); watched")  //
      ("kubernetes", po::bool_switch(),
       "source: the API server of the cluster that this is a pod of, or of -kubeconfig or -endpoint")  //
      ("kubeconfig", po::value<std::string>()->default_value("", "")->value_name("FILE"),
       "file that names the API server")  //
      ("context", po::value<std::string>()->default_value("", "")->value_name("NAME"),
       "of -kubeconfig; its current one by default")                                                             //
      ("endpoint", po::value<std::string>()->default_value("", "")->value_name("URL"), "URL of the API server")  //
      ("tls-cert", po::value<std::string>()->default_value("", "")->value_name("FILE"),
       "file with our certificate (PEM)")                                                                          //
      ("tls-key", po::value<std::string>()->default_value("", "")->value_name("FILE"), "file with its key (PEM)")  //
      ("tls-ca", po::value<std::string>()->default_value("", "")->value_name("FILE"),
       "file with the API server's authorities (PEM)")                                                   //
      ("pods", po::bool_switch(), "follow pods too: for the properties pods verified and shortnames")    //
      ("serviceimports", po::bool_switch(), "follow ServiceImports too: for the property multicluster")  //
      ("labels", po::value<std::string>()->default_value("", "")->value_name("SELECTOR"),
       "follow only Services with these labels")  //
      ("namespace-labels", po::value<std::string>()->default_value("", "")->value_name("SELECTOR"),
       "follow only Namespaces with these labels")  //
      ("hold-removals", po::value<int>()->default_value(RemovalLimits().percent)->value_name("PERCENT"),
       "removals at once that are more than this percentage of the records of one kind, and more than 100, wait for a "
       "second list; 100: never")  //
      ("listen",
       po::value<std::vector<std::string>>()
           ->default_value({"unix:///run/podnamed/feed.sock"}, "unix:///run/podnamed/feed.sock")
           ->value_name("ADDRESS"),
       "where to serve the feed: unix:///path, host:port, :port; may be given several times")  //
      ("http", po::value<std::string>()->value_name("ADDRESS"),
       "where to show /health, /ready and /metrics to machines: :port, ip:port; not at all by default")  //
      ("quiet", po::bool_switch(), "log warnings and errors only")                                       //
      ("man", po::bool_switch(), "print the manual page, and exit")                                      //
      ("version", po::bool_switch(), "show the version, and exit")                                       //
      ("help", po::bool_switch(), "show this text, and exit");
  return flags;
}

int Fail(std::string_view message) {
  std::cerr << "podname-controller: " << message << "\n";
  return 1;
}

absl::Status BelongsToKubernetes(const char* flag) {
  return absl::InvalidArgumentError(std::string("-") + flag + " belongs to -kubernetes");
}

absl::StatusOr<ControllerOptions> OptionsOf(const po::variables_map& flags) {
  ControllerOptions options{.source = {}, .addresses = flags["listen"].as<std::vector<std::string>>()};
  const auto text = [&flags](const char* name) { return flags[name].as<std::string>(); };
  if (flags.count("http") != 0) {
    ASSIGN_OR_RETURN(options.http, base::ParseEndpoint(text("http")));
  }
  const bool has_manifests = flags.count("manifests") > 0;
  const bool has_kubernetes = flags["kubernetes"].as<bool>();
  if (has_manifests == has_kubernetes) {
    return absl::InvalidArgumentError(has_manifests ? "two sources; expected -manifests DIR or -kubernetes"
                                                    : "no source; expected -manifests DIR or -kubernetes");
  }
  if (has_manifests) {
    for (const char* name :
         {"kubeconfig", "context", "endpoint", "tls-cert", "tls-key", "tls-ca", "labels", "namespace-labels"}) {
      if (!text(name).empty()) return BelongsToKubernetes(name);
    }
    for (const char* name : {"pods", "serviceimports", "hold-removals"}) {
      if (!flags[name].defaulted()) return BelongsToKubernetes(name);
    }
    options.source = ManifestsOptions{text("manifests")};
    return options;
  }
  const int percent = flags["hold-removals"].as<int>();
  if (percent < 0 || percent > 100) {
    return absl::InvalidArgumentError("-hold-removals is " + std::to_string(percent) + "; expected 0 to 100 percent");
  }
  options.source = KubernetesOptions{.access = {.endpoint = text("endpoint"),
                                                .certificate = text("tls-cert"),
                                                .key = text("tls-key"),
                                                .ca = text("tls-ca"),
                                                .kubeconfig = text("kubeconfig"),
                                                .context = text("context")},
                                     .resources = {.pods = flags["pods"].as<bool>(),
                                                   .service_imports = flags["serviceimports"].as<bool>(),
                                                   .service_selector = text("labels"),
                                                   .namespace_selector = text("namespace-labels")},
                                     .removals = {.percent = percent}};
  return options;
}

int Run(const po::variables_map& flags) {
  absl::StatusOr<ControllerOptions> options = OptionsOf(flags);
  if (!options.ok()) return Fail(std::string(options.status().message()));
  prometheus::Registry registry;
  options->registry = &registry;
  base::StartLogging(flags["quiet"].as<bool>());
  auto controller = Controller::Start(*options);
  if (!controller.ok()) {
    base::StopLogging();
    return Fail(std::string(controller.status().message()));
  }
  for (const std::string& address : (*controller)->addresses()) {
    base::LogInfo("controller", "serving the feed at {}", address);
  }
  base::TellServiceManager(base::kServiceIsReady);
  const char* const signal = base::WaitForStopSignal();
  base::TellServiceManager(base::kServiceIsStopping);
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
  if ((*values)["man"].as<bool>()) {
    std::cout << podnamed::base::ManualPage(podnamed::controller::ControllerManual(), flags, podnamed::base::kVersion);
    return 0;
  }
  return podnamed::controller::Run(*values);
}
