// How a query is written to the log: CoreDNS's format, "{remote}:{port} {name}", read once into pieces, so that a line
// is put together without looking at the format again. What stands in braces and is no field of ours stays as it is,
// since a format may be JSON. Immutable; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/plugins/exchange.h"

namespace podnamed::plugins {

// The pod that asks; empty where it is not known.
struct ClientPod {
  std::string_view namespace_name;
  std::string_view name;
};

class LogFormat {
 public:
  explicit LogFormat(std::string_view text);

  // Whether a line tells of the client's pod.
  bool wants_client_pod() const { return wants_client_pod_; }

  // Puts the line into `line`, in the place of what was there. `size` octets are the reply, 0: there was none.
  void Write(const Exchange& exchange, size_t size, std::string_view server_address, const ClientPod& pod,
             std::string& line) const;

 private:
  enum class Field : uint8_t {
    kText,
    kType,
    kName,
    kClass,
    kProto,
    kSize,
    kRemote,
    kPort,
    kLocal,
    kId,
    kOpcode,
    kDo,
    kBufsize,
    kRcode,
    kRsize,
    kDuration,
    kRflags,
    kClientNamespace,
    kClientPodName,
    kUnknownMetadata,
  };
  struct FieldName {
    std::string_view name;
    Field field;
  };
  static const FieldName kFields[];

  struct Piece {
    Field field = Field::kText;
    std::string text;
  };

  // kText if it is none. `word` with its braces.
  static Field FieldOf(std::string_view word);

  std::vector<Piece> pieces_;
  bool wants_client_pod_ = false;
};

}  // namespace podnamed::plugins
