#include "ctl/output.h"

#include <fmt/format.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "absl/time/time.h"

namespace podnamed::ctl {
namespace {

using inspect::v1::LookupResponse;
using inspect::v1::Step;
using Rows = std::vector<std::vector<std::string>>;

constexpr size_t kEpochShown = 8;

// How many columns the text takes: octets that continue a UTF-8 character take none.
size_t WidthOf(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

// "3m12s", "1.2s": what a person wants of it.
std::string Text(const google::protobuf::Duration& duration) {
  const absl::Duration exact = absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
  const absl::Duration unit = exact < absl::Seconds(10) ? absl::Milliseconds(100) : absl::Seconds(1);
  return absl::FormatDuration(absl::Trunc(exact, unit));
}

std::string TimeText(const google::protobuf::Timestamp& timestamp) {
  const absl::Time time = absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
  return absl::FormatTime("%Y-%m-%d %H:%M:%E3S", time, absl::LocalTimeZone());
}

std::string Text(const inspect::v1::Position& position) {
  return fmt::format("revision {} of {}", position.revision(), position.epoch().substr(0, kEpochShown));
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

template <typename Texts>
std::string Joined(const Texts& texts) {
  return OrDash(fmt::format("{}", fmt::join(texts, ",")));
}

template <typename Ports>
std::string PortsText(const Ports& ports) {
  std::vector<std::string> texts;
  for (const inspect::v1::Port& port : ports) {
    texts.push_back(fmt::format("{}{}{}/{}", port.name(), port.name().empty() ? "" : ":", port.number(),
                                inspect::v1::Protocol_Name(port.protocol())));
  }
  return Joined(texts);
}

std::string KindText(inspect::v1::Service::Kind kind) {
  switch (kind) {
    case inspect::v1::Service::HEADLESS:
      return "headless";
    case inspect::v1::Service::CLUSTER_IP:
      return "cluster-ip";
    case inspect::v1::Service::EXTERNAL_NAME:
      return "external-name";
    default:
      return "-";
  }
}

std::string StateText(const inspect::v1::Pod& pod) {
  if (pod.service().empty()) return "-";
  std::string text = pod.ready() ? "ready" : "not ready";
  if (!pod.ready() && pod.published()) text += ",published";
  if (pod.terminating()) text += ",terminating";
  return text;
}

std::string ClientText(const inspect::v1::Client& client) {
  if (client.pod().empty()) return client.address();
  return fmt::format("pod {}/{} ({})", client.namespace_(), client.pod(), client.address());
}

// "Other Error (0): namespace shop does not exist".
std::vector<std::string> ReasonsOf(const LookupResponse& response) {
  std::vector<std::string> reasons;
  for (const inspect::v1::ExtendedError& error : response.extended_errors()) {
    reasons.push_back(
        fmt::format("{} ({}){}{}", error.meaning(), error.code(), error.text().empty() ? "" : ": ", error.text()));
  }
  return reasons;
}

template <typename Records>
void AddRecords(const Records& records, Rows& rows) {
  for (const inspect::v1::Record& record : records) {
    rows.push_back({record.name(), std::to_string(record.ttl()), record.type(), record.data()});
  }
}

// "10.0.0.1,10.0.0.2", or why there is none.
std::string AnswerText(const LookupResponse& response) {
  if (response.answer_size() == 0) {
    return response.rcode() == "NOERROR" ? "no record" : response.rcode().empty() ? "no reply" : response.rcode();
  }
  std::vector<std::string> data;
  for (const inspect::v1::Record& record : response.answer()) data.push_back(record.data());
  return Joined(data);
}

std::string VerdictText(Step::Verdict verdict) {
  switch (verdict) {
    case Step::ANSWERS:
      return "taken";
    case Step::NO_SUCH_NAME:
      return "no such name";
    case Step::NO_ADDRESS:
      return "no address";
    case Step::FAILED:
      return "failed";
    default:
      return "-";
  }
}

// Why answers say that they are old, or there are none yet; empty where neither is so.
std::string LossText(const inspect::v1::Cluster& cluster) {
  if (cluster.has_lost_source()) {
    return fmt::format("the controller has lost its API server for {}: {}", Text(cluster.lost_source().age()),
                       cluster.lost_source().why());
  }
  if (!cluster.has_stale()) return "";
  return cluster.connected()
             ? fmt::format("the controller is back and has not said yet what has changed in {}", Text(cluster.stale()))
             : fmt::format("the controller is lost, for {}", Text(cluster.stale()));
}

std::string ClusterText(const inspect::v1::Cluster& cluster) {
  Rows rows;
  const std::string changed =
      cluster.has_changed_at() ? fmt::format("changed at {}", TimeText(cluster.changed_at())) : "never changed";
  rows.push_back({"  state", cluster.synced() ? fmt::format("synced, {}, {}", Text(cluster.position()), changed)
                                              : "not synced: its names are answered with SERVFAIL"});
  const std::string heard = cluster.has_since_heard() ? fmt::format(", heard {} ago", Text(cluster.since_heard())) : "";
  const std::string error = cluster.last_error().empty() ? "" : fmt::format(": {}", cluster.last_error());
  rows.push_back({"  controller", (cluster.connected() ? "connected" : "away") + heard + error});
  if (const std::string loss = LossText(cluster); !loss.empty()) {
    rows.push_back({cluster.synced() ? "  STALE" : "  LOST", loss});
  }
  rows.push_back(
      {"  holds", fmt::format("{} namespaces, {} services, {} pods in services, {} pods in none", cluster.namespaces(),
                              cluster.services(), cluster.identities(), cluster.unselected_pods())});
  if (cluster.has_held()) {
    const inspect::v1::Held& held = cluster.held();
    rows.push_back(
        {"  HELD", fmt::format("the removal of {} of {} records for {}, until a second list says the same: {}",
                               held.records(), held.of_records(), Text(held.age()), fmt::join(held.examples(), ", "))});
    for (const std::string& reason : held.waits_for()) rows.push_back({"  waits for", reason});
    if (held.waits_for_size() > 0) rows.push_back({"", "podnamectl release removes them now"});
  }
  return fmt::format("{}\n{}", cluster.source(), Table(rows));
}

// An empty list of a server that knows nothing is not to be taken for that of an empty cluster.
std::string ListText(const Rows& rows, bool is_synced) {
  return is_synced ? Table(rows) : "not synced: nothing is known yet\n";
}

}  // namespace

std::string Table(const Rows& rows) {
  std::vector<size_t> widths;
  for (const std::vector<std::string>& row : rows) {
    if (row.size() > widths.size()) widths.resize(row.size());
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], WidthOf(row[i]));
  }
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - WidthOf(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string ToText(const inspect::v1::StatusResponse& response) {
  std::string text = fmt::format("podnamed {}, up {}, {} {}\n\n", response.version(), Text(response.uptime()),
                                 response.workers(), response.workers() == 1 ? "worker" : "workers");
  Rows rows = {{"ZONE", "ENDPOINT", "SOURCE"}};
  for (const inspect::v1::Block& block : response.blocks()) {
    for (const auto& zone : block.zones()) rows.push_back({zone.zone(), zone.endpoint(), OrDash(block.source())});
  }
  text += Table(rows);
  for (const inspect::v1::Cluster& cluster : response.clusters()) text += "\n" + ClusterText(cluster);
  return text;
}

bool Resolves(const LookupResponse& response) { return response.rcode() == "NOERROR" && response.answer_size() > 0; }

std::string ToText(const LookupResponse& response) {
  Rows rows;
  AddRecords(response.answer(), rows);
  std::string text = Table(rows);
  if (!Resolves(response)) {
    text += fmt::format("{} {}: {}\n", response.name(), response.type(), AnswerText(response));
  }
  for (const std::string& reason : ReasonsOf(response)) text += fmt::format("  {}\n", reason);
  return text;
}

std::string ToText(const inspect::v1::ExplainResponse& response) {
  const inspect::v1::Client& client = response.client();
  std::string text =
      fmt::format("asked by {}; search {}; ndots {}\n\n",
                  client.pod().empty() ? fmt::format("a pod in namespace {}", client.namespace_()) : ClientText(client),
                  fmt::join(response.search(), " "), response.ndots());
  Rows rows = {{"QUESTION", "A", "AAAA", "VERDICT", "REASON"}};
  for (const Step& step : response.steps()) {
    std::vector<std::string> reasons = ReasonsOf(step.ipv4());
    if (reasons.empty()) reasons = ReasonsOf(step.ipv6());
    if (step.verdict() == Step::ANSWERS) reasons.clear();
    rows.push_back({step.name(), AnswerText(step.ipv4()), AnswerText(step.ipv6()), VerdictText(step.verdict()),
                    fmt::format("{}", fmt::join(reasons, "; "))});
  }
  text += Table(rows) + "\n";
  if (!response.has_object()) {
    return text + (response.resolves() ? "No object of the cluster is behind it.\n" : "It does not resolve.\n");
  }
  text += fmt::format("{} {}\n",
                      response.resolves() ? "It comes from" : "It does not resolve. The nearest thing that exists is",
                      response.text());
  const inspect::v1::Origin& origin = response.origin();
  if (!origin.error().empty()) return text + fmt::format("  {}\n", origin.error());
  return text + fmt::format("  {}{}{}, {} ago\n", origin.place(), origin.place().empty() ? "" : ", ",
                            Text(origin.position()), Text(origin.age()));
}

std::string ToText(const inspect::v1::ReleaseResponse& response) {
  if (response.released() == 0) return "nothing was held\n";
  return fmt::format("released: the removal of {} records goes on\n", response.released());
}

std::string ToText(const inspect::v1::ListServicesResponse& response) {
  Rows rows = {{"NAMESPACE", "NAME", "TYPE", "ADDRESS", "EXTERNAL", "PORTS", "READY"}};
  for (const inspect::v1::Service& service : response.services()) {
    const bool is_alias = service.kind() == inspect::v1::Service::EXTERNAL_NAME;
    rows.push_back({service.namespace_(), service.name(), KindText(service.kind()),
                    is_alias ? service.external_name() : Joined(service.addresses()), Joined(service.external()),
                    PortsText(service.ports()),
                    is_alias ? "-" : fmt::format("{}/{}", service.ready_pods(), service.pods())});
  }
  return ListText(rows, response.has_position());
}

std::string ToText(const inspect::v1::ListPodsResponse& response) {
  Rows rows = {{"NAMESPACE", "SERVICE", "NAME", "HOSTNAME", "ADDRESS", "STATE"}};
  for (const inspect::v1::Pod& pod : response.pods()) {
    rows.push_back({pod.namespace_(), OrDash(pod.service()), pod.name(), OrDash(pod.hostname()),
                    Joined(pod.addresses()), StateText(pod)});
  }
  return ListText(rows, response.has_position());
}

std::string ToText(const inspect::v1::WatchResponse& response) {
  const std::string when = response.has_changed_at() ? TimeText(response.changed_at()) : "-";
  const std::string where =
      response.has_position() ? fmt::format("revision {}", response.position().revision()) : "not synced";
  std::string text;
  if (response.changes_size() == 0 && response.left_out() == 0) {
    return fmt::format("{}  {}  watching {}\n", when, where, response.source());
  }
  for (const inspect::v1::Change& change : response.changes()) {
    text += fmt::format("{}  {}  {}\n", when, where, change.text());
  }
  if (response.left_out() > 0) {
    text += fmt::format("{}  {}  and {} more changes, too many to tell\n", when, where, response.left_out());
  }
  return text;
}

std::string ToJson(const google::protobuf::Message& message, Layout layout) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = layout == Layout::kLines;
  options.always_print_primitive_fields = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return "{}\n";
  if (!json.ends_with('\n')) json += "\n";
  return json;
}

}  // namespace podnamed::ctl
