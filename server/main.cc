// podnamed: flags to options to Server; then waits to be asked to stop, and reloads when it is time or somebody asks.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <boost/program_options/variables_map.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "config/options.h"
#include "server/admin/inspect_server.h"
#include "server/base/cpu_limit.h"
#include "server/base/flags.h"
#include "server/base/log.h"
#include "server/base/passed_sockets.h"
#include "server/base/service_manager.h"
#include "server/base/signals.h"
#include "server/base/status.h"
#include "server/base/version.h"
#include "server/handover.h"
#include "server/lameduck.h"
#include "server/manual.h"
#include "server/reloader.h"
#include "server/server.h"

namespace podnamed {
namespace {

namespace po = boost::program_options;

constexpr int kFailure = 1;
constexpr std::chrono::seconds kStopGrace(5);  // CoreDNS's
constexpr int kMaxWorkers = 256;
// A predecessor stops within kStopGrace.
constexpr std::chrono::seconds kReliefPatience(10);

po::options_description MakeFlags() {
  po::options_description flags("podnamed, the name server of pods. Flags (-name value or -name=value)");
  flags.add_options()  //
      ("conf", po::value<std::string>()->default_value("Corefile")->value_name("FILE"),
       "Corefile to load; \"stdin\" reads it there. Without this flag and without a Corefile in the working directory, "
       "whoami and log for all names")  //
      ("dns.port", po::value<uint16_t>()->default_value(53)->value_name("PORT"),
       "port of server blocks that name none")                                   //
      ("p", po::value<uint16_t>()->value_name("PORT"), "the same as -dns.port")  //
      ("workers", po::value<std::string>()->default_value("auto")->value_name("NUMBER"),
       "threads that answer queries; auto: one for each CPU that the process may use, by its affinity and its control "
       "group's quota")  //
      ("inspect", po::value<std::string>()->default_value(admin::kDefaultInspectAddress)->value_name("ADDRESS"),
       "where podnamectl can look at this server: unix:///path, host:port, :port, or off")  //
      ("takeover", po::value<std::string>()->value_name("PATH"),
       "take the place of the podnamed that waits at this unix socket, if there is one, without losing a query; then "
       "wait there for a successor")  //
      ("takeover-wait", po::value<int>()->default_value(60)->value_name("SECONDS"),
       "how long the cluster may take to be known before -takeover is given up and the other one goes on")  //
      ("pidfile", po::value<std::string>()->value_name("FILE"), "file to write the process id to")          //
      ("check", po::bool_switch(), "read the Corefile, show what is in effect, and exit")                   //
      ("plugins", po::bool_switch(), "list the plugins that a server block may have, and exit")             //
      ("quiet", po::bool_switch(), "log warnings and errors only")                                          //
      ("man", po::bool_switch(), "print the manual page, and exit")                                         //
      ("version", po::bool_switch(), "show the version, and exit")                                          //
      ("help", po::bool_switch(), "show this text, and exit");
  return flags;
}

int Fail(std::string_view message) {
  std::cerr << "podnamed: " << message << "\n";
  return kFailure;
}

constexpr std::string_view kNoCorefile =
    "there is no Corefile in the working directory and no -conf: whoami and log for all names, as CoreDNS";

// Where the configuration stands. Once there was a file, its absence is an error.
class Corefile {
 public:
  Corefile(const po::variable_value& conf, uint16_t port)
      : path_(conf.as<std::string>()), port_(port), may_be_absent_(conf.defaulted()) {}

  bool is_stdin() const { return path_ == "stdin"; }

  absl::StatusOr<config::Options> Load() {
    const config::SystemEnvironment environment;
    if (is_stdin()) {
      const std::string text(std::istreambuf_iterator<char>(std::cin), {});
      return config::ParseOptions(text, path_, port_, environment);
    }
    if (!may_be_absent_) return config::LoadOptions(path_, port_, environment);
    absl::StatusOr<config::Options> options = config::LoadOptionsOrDefault(path_, port_, environment);
    may_be_absent_ = options.ok() && options->is_default;
    return options;
  }

 private:
  const std::string path_;
  const uint16_t port_;
  bool may_be_absent_;
};

int Show(const config::Options& options) {
  std::cout << options.effective_text;
  if (options.is_default) std::cerr << "podnamed: " << kNoCorefile << "\n";
  for (const config::ServerBlockOptions& block : options.blocks) {
    for (const std::string& warning : block.warnings) std::cerr << "podnamed: " << warning << "\n";
  }
  return 0;
}

// What is there to begin with: sockets of systemd's, and of the podnamed whose place this one takes.
struct Inheritance {
  base::PassedSockets sockets;
  std::optional<Predecessor> predecessor;
};

absl::StatusOr<Inheritance> Inherit(const std::optional<std::string>& takeover) {
  Inheritance inheritance;
  ASSIGN_OR_RETURN(inheritance.sockets, base::PassedSockets::FromSystemd());
  if (!takeover) return inheritance;
  ASSIGN_OR_RETURN(inheritance.predecessor, Predecessor::Meet(*takeover));
  if (inheritance.predecessor) {
    base::LogInfo("server", "taking over from the podnamed that waits at {}", *takeover);
    RETURN_IF_ERROR(inheritance.predecessor->AskForSockets(inheritance.sockets));
  }
  return inheritance;
}

// From here on others may look at this server and take its place. With a predecessor, which has gone by then, what
// fails is no reason to leave the clients without a server.
absl::StatusOr<std::unique_ptr<HandoverServer>> OpenDoors(const InspectOptions& inspect,
                                                          const std::optional<std::string>& takeover,
                                                          std::optional<Predecessor> predecessor, Server& server) {
  if (predecessor) {
    const absl::Status relief = predecessor->Relieve(kReliefPatience);
    if (!relief.ok()) base::LogWarning("server", "{}", std::string(relief.message()));
    base::LogInfo("server", "has taken over");
  }
  const absl::Status inspection = server.OfferInspection(inspect);
  if (!inspection.ok() && !predecessor) return inspection;
  if (!inspection.ok()) base::LogWarning("inspect", "{}", std::string(inspection.message()));
  if (!takeover) return nullptr;
  // SIGUSR1 is one of those that the main thread waits for, and that never end the process.
  absl::StatusOr<std::unique_ptr<HandoverServer>> handover =
      HandoverServer::Start(*takeover, [&server] { return server.CopyOfSockets(); }, [] { kill(getpid(), SIGUSR1); });
  if (handover.ok() || !predecessor) return handover;
  base::LogWarning("server", "{}", std::string(handover.status().message()));
  return nullptr;
}

bool IsRelieved(const HandoverServer* handover) { return handover != nullptr && handover->is_relieved(); }

// Serves until a signal asks to stop, or a successor has taken over, and returns the signal's name, or "takeover".
const char* ServeUntilStopped(Corefile& corefile, const config::Options& options, const HandoverServer* handover,
                              Server& server) {
  constexpr absl::Duration kBetweenReclaims = absl::Seconds(1);
  Reloader reloader(options, [&] { return corefile.Load(); }, server);
  while (true) {
    const absl::Duration patience = std::min(reloader.UntilLook(), kBetweenReclaims);
    const std::optional<base::Signal> signal = base::WaitForSignal(absl::ToChronoMilliseconds(patience));
    if (IsRelieved(handover)) return "takeover";
    if (signal && signal->asks_to_stop) return signal->name;
    server.Reclaim();
    if (base::HasStopSignalCome()) continue;
    if (signal && corefile.is_stdin()) {
      base::LogWarning("plugin/reload", "{}: what was read from stdin cannot be read again", signal->name);
    } else if (signal) {
      reloader.ReloadNow(signal->name);
    } else if (!corefile.is_stdin()) {
      reloader.Look();
    }
  }
}

// After a stop signal: goes on until those who ask have heard of it, or a successor answers them. Returns why it is
// over, empty without lameduck.
std::string AwaitEndOfTraffic(const char* signal, const HandoverServer* handover, Server& server) {
  constexpr std::chrono::milliseconds kBetweenLooks(50);
  const absl::Duration least = server.lameduck();
  if (least <= absl::ZeroDuration()) return "";
  base::LogInfo("server", "{}: going on for {} at least, no longer ready", signal, absl::FormatDuration(least));
  const absl::Time began = absl::Now();
  Lameduck lameduck(least);
  while (!IsRelieved(handover)) {
    if (const auto why = lameduck.Look(absl::Now() - began, server.queries())) return *why;
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return "takeover";
}

// 0 for what is no number of workers.
int WorkersOf(const std::string& words) {
  if (words == "auto") return std::min(base::CpuLimit(), kMaxWorkers);
  int workers = 0;
  return absl::SimpleAtoi(words, &workers) && workers >= 1 && workers <= kMaxWorkers ? workers : 0;
}

InspectOptions InspectOptionsOf(const po::variables_map& flags) {
  const auto& address = flags["inspect"].as<std::string>();
  return {.address = address == "off" ? "" : address, .is_required = !flags["inspect"].defaulted()};
}

// gRPC's threads wait for all its sockets together, so that a message for the feed's thread often wakes another one
// first, which hands it on. With as few sockets as we have, each thread better waits for its own: a change costs a
// quarter less, and the worst ones are seen a millisecond sooner (docs/performance.md). REQUIRES: gRPC has not begun.
// What the environment says already stays.
void LetGrpcThreadsWaitApart() { setenv("GRPC_POLL_STRATEGY", "poll", /*overwrite=*/0); }

int Run(const po::variables_map& flags) {
  const uint16_t port = flags.count("p") != 0 ? flags["p"].as<uint16_t>() : flags["dns.port"].as<uint16_t>();
  const int workers = WorkersOf(flags["workers"].as<std::string>());
  if (workers == 0) return Fail(absl::StrCat("-workers takes auto, or 1 to ", kMaxWorkers));
  if (flags["takeover-wait"].as<int>() < 1) return Fail("-takeover-wait takes 1 second or more");
  Corefile corefile(flags["conf"], port);
  // A Corefile is checked far from its cluster; what a pod of it finds is here by then.
  if (flags["check"].as<bool>()) setenv("KUBERNETES_SERVICE_HOST", "cluster", /*overwrite=*/0);
  const absl::StatusOr<config::Options> options = corefile.Load();
  if (!options.ok()) return Fail(std::string(options.status().message()));

  if (flags["check"].as<bool>()) return Show(*options);

  LetGrpcThreadsWaitApart();
  base::StartLogging(flags["quiet"].as<bool>());
  if (options->is_default) base::LogWarning("server", "{}", kNoCorefile);
  const auto fail = [](const absl::Status& status) {
    base::StopLogging();
    return Fail(std::string(status.message()));
  };
  std::optional<std::string> takeover;
  if (flags.count("takeover") != 0) takeover = flags["takeover"].as<std::string>();
  absl::StatusOr<Inheritance> inheritance = Inherit(takeover);
  if (!inheritance.ok()) return fail(inheritance.status());
  std::optional<Predecessor>& predecessor = inheritance->predecessor;
  absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start(*options, workers,
                    {.sockets = std::move(inheritance->sockets),
                     .predecessor = predecessor ? &*predecessor : nullptr,
                     .patience = absl::Seconds(flags["takeover-wait"].as<int>())});
  if (!server.ok()) return fail(server.status());
  // While the server stops it stays: its end is what tells a successor that we have gone.
  absl::StatusOr<std::unique_ptr<HandoverServer>> handover =
      OpenDoors(InspectOptionsOf(flags), takeover, std::move(predecessor), **server);
  if (!handover.ok()) {
    server->reset();
    return fail(handover.status());
  }
  if (flags.count("pidfile") != 0) {
    std::ofstream pidfile(flags["pidfile"].as<std::string>());
    if (!(pidfile << getpid() << std::endl)) {
      base::LogWarning("server", "cannot write the process id to {}", flags["pidfile"].as<std::string>());
    }
  }
  base::LogInfo("server", "podnamed-{} is serving with {} workers", base::kVersion, workers);
  base::TellServiceManager(base::kServiceIsReady);
  const char* const signal = ServeUntilStopped(corefile, *options, handover->get(), **server);
  base::TellServiceManager(base::kServiceIsStopping);
  std::string why;
  if (!IsRelieved(handover->get())) {
    (*server)->StopBeingReady();
    why = AwaitEndOfTraffic(signal, handover->get(), **server);
  }
  if (IsRelieved(handover->get())) {
    base::LogInfo("server", "a successor has taken over: answering what has arrived, then stopping");
    (*server)->Stop(kStopGrace, Worker::Afterwards::kSuccessor);
  } else {
    handover->reset();  // it knows the server
    if (!why.empty()) why += "; ";
    base::LogInfo("server", "{}: {}answering what has arrived, then stopping", signal, why);
    (*server)->Stop(kStopGrace);
  }
  base::StopLogging();
  return 0;
}

}  // namespace
}  // namespace podnamed

int main(int argc, char** argv) {
  podnamed::base::BlockStopSignals();
  podnamed::base::BlockReloadSignals();
  const auto flags = podnamed::MakeFlags();
  const auto values = podnamed::base::ParseFlags(argc, argv, flags);
  if (!values.ok()) {
    std::cerr << flags;
    return podnamed::Fail(std::string(values.status().message()));
  }
  if ((*values)["help"].as<bool>()) {
    std::cout << flags;
    return 0;
  }
  if ((*values)["version"].as<bool>()) {
    std::cout << "podnamed-" << podnamed::base::kVersion << "\n";
    return 0;
  }
  if ((*values)["man"].as<bool>()) {
    std::cout << podnamed::base::ManualPage(podnamed::PodnamedManual(), flags, podnamed::base::kVersion);
    return 0;
  }
  if ((*values)["plugins"].as<bool>()) {
    for (const auto plugin : podnamed::config::SupportedPlugins()) std::cout << plugin << "\n";
    return 0;
  }
  return podnamed::Run(*values);
}
