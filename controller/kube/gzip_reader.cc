#include "controller/kube/gzip_reader.h"

#include <array>
#include <boost/beast/zlib/inflate_stream.hpp>
#include <boost/crc.hpp>
#include <cstdint>

namespace podnamed::kube {
namespace {

namespace zlib = boost::beast::zlib;

// RFC 1952, section 2.3.
constexpr size_t kHeaderSize = 10;
constexpr size_t kTrailerSize = 8;
constexpr uint8_t kHasHeaderCrc = 0x02;
constexpr uint8_t kHasExtra = 0x04;
constexpr uint8_t kHasName = 0x08;
constexpr uint8_t kHasComment = 0x10;
constexpr size_t kMaxHeader = 4096;

absl::Status Damaged() { return absl::DataLossError("a reply in gzip that is damaged"); }

uint8_t OctetAt(std::string_view text, size_t at) { return static_cast<uint8_t>(text[at]); }

uint32_t NumberAt(std::string_view text, size_t at) {
  uint32_t number = 0;
  for (size_t i = 4; i-- > 0;) number = number << 8 | OctetAt(text, at + i);
  return number;
}

// The length of the header that `text` begins with; 0 while it is not whole.
size_t HeaderLength(std::string_view text) {
  if (text.size() < kHeaderSize) return 0;
  const uint8_t flags = OctetAt(text, 3);
  size_t length = kHeaderSize;
  if ((flags & kHasExtra) != 0) {
    if (text.size() < length + 2) return 0;
    length += 2u + OctetAt(text, length) + (size_t{OctetAt(text, length + 1)} << 8);
  }
  for (const uint8_t flag : {kHasName, kHasComment}) {
    if ((flags & flag) == 0) continue;
    const size_t end = text.find('\0', length);
    if (end == std::string_view::npos) return 0;
    length = end + 1;
  }
  if ((flags & kHasHeaderCrc) != 0) length += 2;
  return text.size() < length ? 0 : length;
}

}  // namespace

struct GzipReader::State {
  enum class Part { kHeader, kBody, kTrailer, kDone };
  Part part = Part::kHeader;
  std::string pending;  // of the header or the trailer, while it is not whole
  zlib::inflate_stream inflate;
  boost::crc_32_type checksum;
  uint32_t size = 0;

  absl::Status Inflate(std::string_view* octets, std::string* text) {
    std::array<char, 16384> buffer;
    zlib::z_params params;
    params.next_in = octets->data();
    params.avail_in = octets->size();
    while (true) {
      params.next_out = buffer.data();
      params.avail_out = buffer.size();
      boost::system::error_code error;
      inflate.write(params, zlib::Flush::sync, error);
      const size_t count = buffer.size() - params.avail_out;
      checksum.process_bytes(buffer.data(), count);
      size += static_cast<uint32_t>(count);
      text->append(buffer.data(), count);
      if (error == zlib::error::end_of_stream) {
        part = Part::kTrailer;
        break;
      }
      if (error && error != zlib::error::need_buffers) return Damaged();
      if (params.avail_out > 0) break;  // it wants more to read
    }
    octets->remove_prefix(octets->size() - params.avail_in);
    return absl::OkStatus();
  }
};

GzipReader::GzipReader() : state_(std::make_unique<State>()) {}
GzipReader::~GzipReader() = default;

bool GzipReader::is_done() const { return state_->part == State::Part::kDone; }

absl::Status GzipReader::Read(std::string_view octets, std::string* text) {
  using Part = State::Part;
  if (state_->part == Part::kHeader) {
    state_->pending += octets;
    const std::string& header = state_->pending;
    const std::string_view magic("\x1f\x8b\x08", 3);
    if (!header.starts_with(magic.substr(0, header.size())) || header.size() > kMaxHeader + octets.size()) {
      return Damaged();
    }
    const size_t length = HeaderLength(header);
    if (length == 0) return absl::OkStatus();
    octets.remove_prefix(octets.size() - (header.size() - length));
    state_->pending.clear();
    state_->part = Part::kBody;
  }
  if (state_->part == Part::kBody && !octets.empty()) {
    if (absl::Status status = state_->Inflate(&octets, text); !status.ok()) return status;
    if (state_->part == Part::kBody) return absl::OkStatus();
  }
  if (state_->part == Part::kTrailer) {
    state_->pending += octets.substr(0, kTrailerSize - state_->pending.size());
    if (state_->pending.size() < kTrailerSize) return absl::OkStatus();
    const bool is_right =
        NumberAt(state_->pending, 0) == state_->checksum.checksum() && NumberAt(state_->pending, 4) == state_->size;
    if (!is_right) return Damaged();
    state_->part = Part::kDone;
  }
  return absl::OkStatus();
}

}  // namespace podnamed::kube
