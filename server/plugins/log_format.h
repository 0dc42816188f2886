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
#include "server/plugins/metadata.h"

namespace podnamed::plugins {

class LogFormat {
 public:
  explicit LogFormat(std::string_view text);

  // Puts the line into `line`, in the place of what was there. `size` octets are the reply, 0: there was none.
  // `metadata`: of whom labels are asked; nullptr: nobody knows them.
  void Write(const Exchange& exchange, size_t size, std::string_view server_address, Metadata* metadata,
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
    kMetadata,
  };
  struct FieldName {
    std::string_view name;
    Field field;
  };
  static const FieldName kFields[];

  struct Piece {
    Field field = Field::kText;
    std::string text;
    Metadata::Label label = Metadata::Label::kUnknown;  // kMetadata
  };

  // kText if it is none. `word` with its braces.
  static Field FieldOf(std::string_view word);

  std::vector<Piece> pieces_;
};

}  // namespace podnamed::plugins
