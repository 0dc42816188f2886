// Whatever an API server sends, however it is cut into pieces: an error, or the same objects as from the whole; and a
// kubeconfig is an error with its place, or an access. The first octet says what is read, the second how it is cut.
#include <google/protobuf/message.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "controller/kube/gzip_reader.h"
#include "controller/kube/kubeconfig.h"
#include "controller/kube/wire.h"
#include "proto/k8s/discovery/v1/discovery.pb.h"

namespace podnamed::kube {
namespace {

using k8s::discovery::v1::EndpointSlice;

constexpr const char* kProtobuf = "application/vnd.kubernetes.protobuf";
constexpr const char* kJson = "application/json";

void Require(bool holds) {
  if (!holds) std::abort();
}

// What was understood, as text, which has the entries of a map in order: the same text, the same meaning.
struct Reading {
  bool is_ok = true;
  std::string text;
  friend bool operator==(const Reading&, const Reading&) = default;
};

template <typename Read>
bool InPieces(std::string_view octets, size_t piece, Read read) {
  for (; !octets.empty(); octets.remove_prefix(std::min(piece, octets.size()))) {
    if (!read(octets.substr(0, piece))) return false;
  }
  return true;
}

Reading ReadList(const char* type, std::string_view octets, size_t piece) {
  Reading reading;
  const auto decoder = ListDecoder::Make(type, EndpointSlice::default_instance(), [&](const MessagePtr& object) {
    reading.text += object->ShortDebugString() + "\n";
  });
  reading.is_ok = InPieces(octets, piece, [&](std::string_view part) { return decoder->Read(part).ok(); });
  if (!reading.is_ok) return reading;
  const auto end = decoder->Finish();
  reading.is_ok = end.ok();
  if (end.ok()) reading.text += end->ShortDebugString();
  return reading;
}

Reading ReadWatch(const char* type, std::string_view octets, size_t piece) {
  Reading reading;
  std::vector<WatchEvent> events;
  const auto decoder = WatchDecoder::Make(type, EndpointSlice::default_instance());
  reading.is_ok = InPieces(octets, piece, [&](std::string_view part) { return decoder->Read(part, &events).ok(); });
  for (const WatchEvent& event : events) {
    Require((event.object == nullptr) == (event.kind == WatchEvent::Kind::kError));
    if (event.object) Require(MetadataOf(*event.object).annotations_size() <= 1);
    reading.text += std::to_string(static_cast<int>(event.kind)) + (event.ends_initial_events ? "end " : " ") +
                    (event.object ? event.object->ShortDebugString() : event.status.ShortDebugString()) + "\n";
  }
  return reading;
}

Reading ReadGzip(std::string_view octets, size_t piece) {
  Reading reading;
  GzipReader reader;
  reading.is_ok = InPieces(octets, piece, [&](std::string_view part) { return reader.Read(part, &reading.text).ok(); });
  // Damage is found sooner or later, depending on the pieces, but never taken for the end.
  reading.is_ok = reading.is_ok && reader.is_done();
  Require(reading.text.size() <= octets.size() * 1100 + 32768);
  return reading;
}

// Until an error both have understood the same; how far they come then depends on the pieces.
void RequireSame(const Reading& whole, const Reading& in_pieces) {
  Require(whole.is_ok == in_pieces.is_ok);
  if (whole.is_ok) Require(whole == in_pieces);
}

void Check(std::string_view octets) {
  if (octets.size() < 2) return;
  const char what = octets[0];
  const size_t piece = static_cast<size_t>(static_cast<uint8_t>(octets[1])) + 1;
  octets.remove_prefix(2);
  const size_t all = octets.size() + 1;
  for (const char* type : {kProtobuf, kJson}) {
    if (what == 'l') RequireSame(ReadList(type, octets, all), ReadList(type, octets, piece));
    if (what == 'w') RequireSame(ReadWatch(type, octets, all), ReadWatch(type, octets, piece));
    if (what == 's') (void)DecodeStatus(type, octets);
  }
  if (what == 'g') RequireSame(ReadGzip(octets, all), ReadGzip(octets, piece));
  if (what == 'k') {
    const auto access = ParseKubeconfig(octets, "f", "");
    Require(access.ok() || access.status().message().substr(0, 2) == "f:");
    if (access.ok()) Require(!access->host.empty() && !access->Url().empty());
  }
}

}  // namespace
}  // namespace podnamed::kube

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  podnamed::kube::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
