#include "server/plugins/log_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include "absl/strings/ascii.h"

namespace podnamed::plugins {
namespace {

constexpr std::string_view kNothing = "-";

// Go's form of an address in front of a port.
void AppendAddress(const base::IpAddress& address, std::string& line) {
  if (address.is_v4()) {
    line += address.ToString();
  } else {
    line.append("[").append(address.ToString()).append("]");
  }
}

template <typename Number>
void AppendNumber(Number number, std::string& line) {
  fmt::format_to(std::back_inserter(line), "{}", number);
}

void AppendRcode(dns::Rcode rcode, std::string& line) {
  const std::string_view name = dns::NameOf(rcode);
  if (name == dns::NameOf(dns::Rcode{0xFFFF})) {
    AppendNumber(static_cast<uint16_t>(rcode), line);
  } else {
    line += name;
  }
}

// "0.000123456s", without zeros at the end.
void AppendSeconds(std::chrono::nanoseconds duration, std::string& line) {
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t nanoseconds = std::max<int64_t>(duration.count(), 0);
  fmt::format_to(std::back_inserter(line), "{}.{:09}", nanoseconds / kSecond, nanoseconds % kSecond);
  line.erase(line.find_last_not_of('0') + 1);
  if (line.back() == '.') line.pop_back();
  line += 's';
}

void AppendFlags(uint16_t flags, std::string& line) {
  constexpr uint16_t kZeroFlag = 0x0040;  // RFC 1035 section 4.1.1
  struct Flag {
    uint16_t bit;
    std::string_view name;
  };
  constexpr Flag kFlags[] = {{dns::kResponseFlag, "qr"},           {dns::kAuthoritativeFlag, "aa"},
                             {dns::kTruncatedFlag, "tc"},          {dns::kRecursionDesiredFlag, "rd"},
                             {dns::kRecursionAvailableFlag, "ra"}, {kZeroFlag, "z"},
                             {dns::kAuthenticDataFlag, "ad"},      {dns::kCheckingDisabledFlag, "cd"}};
  bool is_first = true;
  for (const Flag& flag : kFlags) {
    if ((flags & flag.bit) == 0) continue;
    if (!is_first) line += ',';
    is_first = false;
    line += flag.name;
  }
}

// What the client takes, as CoreDNS understands it.
size_t BufferSizeOf(const Exchange& exchange) {
  if (exchange.transport != net::Transport::kUdp) return dns::kMaxMessageLength;
  if (!exchange.asked.edns.has_value()) return dns::kMinUdpLimit;
  return std::max<size_t>(exchange.asked.edns->udp_payload_size, dns::kMinUdpLimit);
}

}  // namespace

const LogFormat::FieldName LogFormat::kFields[] = {
    {"{type}", Field::kType},      {"{name}", Field::kName},   {"{class}", Field::kClass},
    {"{proto}", Field::kProto},    {"{size}", Field::kSize},   {"{remote}", Field::kRemote},
    {"{port}", Field::kPort},      {"{local}", Field::kLocal}, {"{>id}", Field::kId},
    {"{>opcode}", Field::kOpcode}, {"{>do}", Field::kDo},      {"{>bufsize}", Field::kBufsize},
    {"{rcode}", Field::kRcode},    {"{rsize}", Field::kRsize}, {"{duration}", Field::kDuration},
    {"{>rflags}", Field::kRflags},
};

LogFormat::Field LogFormat::FieldOf(std::string_view word) {
  std::string name(word);
  if (word.starts_with("{>")) absl::AsciiStrToLower(&name);  // those of the header in any case, as CoreDNS has it
  const auto* known = std::ranges::find(kFields, name, &FieldName::name);
  if (known != std::end(kFields)) return known->field;
  return word.starts_with("{/") ? Field::kMetadata : Field::kText;
}

LogFormat::LogFormat(std::string_view text) {
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) pieces_.push_back({.field = Field::kText, .text = std::exchange(literal, {})});
  };
  while (!text.empty()) {
    const size_t close = text.front() == '{' ? text.find('}') : std::string_view::npos;
    const Field field = close == std::string_view::npos ? Field::kText : FieldOf(text.substr(0, close + 1));
    if (field == Field::kText) {
      literal += text.front();
      text.remove_prefix(1);
      continue;
    }
    end_literal();
    Piece& piece = pieces_.emplace_back(Piece{.field = field, .text = {}});
    if (field == Field::kMetadata) piece.label = Metadata::LabelOf(text.substr(2, close - 2));
    text.remove_prefix(close + 1);
  }
  end_literal();
}

void LogFormat::Write(const Exchange& exchange, size_t size, std::string_view server_address, Metadata* metadata,
                      std::string& line) const {
  const dns::Query& query = exchange.asked;
  const auto append_if_known = [&line](std::string_view text) { line += text.empty() ? kNothing : text; };
  line.clear();
  for (const Piece& piece : pieces_) {
    switch (piece.field) {
      case Field::kText:
        line += piece.text;
        break;
      case Field::kType:
        line += dns::NameOf(query.type);
        break;
      case Field::kName:
        line += dns::NameToText(query.name.folded());
        break;
      case Field::kClass:
        line += dns::NameOf(query.record_class);
        break;
      case Field::kProto:
        line += exchange.transport == net::Transport::kUdp ? "udp" : "tcp";
        break;
      case Field::kSize:
        AppendNumber(exchange.query_size, line);
        break;
      case Field::kRemote:
        AppendAddress(exchange.client, line);
        break;
      case Field::kPort:
        AppendNumber(exchange.client_port, line);
        break;
      case Field::kLocal:
        append_if_known(server_address);
        break;
      case Field::kId:
        AppendNumber(query.id, line);
        break;
      case Field::kOpcode:
        AppendNumber(static_cast<int>(query.opcode), line);
        break;
      case Field::kDo:
        line += query.edns.has_value() && query.edns->dnssec_ok ? "true" : "false";
        break;
      case Field::kBufsize:
        AppendNumber(BufferSizeOf(exchange), line);
        break;
      case Field::kRcode:
        AppendRcode(size == 0 ? dns::Rcode::kNoError : exchange.rcode, line);
        break;
      case Field::kRsize:
        AppendNumber(size, line);
        break;
      case Field::kDuration:
        AppendSeconds(std::chrono::steady_clock::now() - exchange.started, line);
        break;
      case Field::kRflags:
        if (size == 0) {
          line += kNothing;
        } else {
          AppendFlags(exchange.reply_flags, line);
        }
        break;
      case Field::kMetadata:
        if (metadata == nullptr || !metadata->Append(piece.label, exchange, line)) line += kNothing;
        break;
    }
  }
}

}  // namespace podnamed::plugins
