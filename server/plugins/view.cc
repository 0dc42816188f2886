#include "server/plugins/view.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace podnamed::plugins {
namespace {

class Fields final : public config::ViewExpression::Query {
 public:
  Fields(const Exchange& exchange, const net::Request* request, Metadata& metadata)
      : exchange_(exchange), entrance_(exchange.entrance), request_(request), metadata_(metadata) {}

  void Append(Text field, std::string& text) const override {
    const dns::Query& query = exchange_.asked;
    switch (field) {
      case Text::kName:
        dns::AppendNameText(query.name.folded(), text);
        break;
      case Text::kType:
        text += dns::NameOf(query.type);
        break;
      case Text::kClass:
        text += dns::NameOf(query.record_class);
        break;
      case Text::kProto:
        text += exchange_.transport == net::Transport::kUdp ? "udp" : "tcp";
        break;
      case Text::kPort:
        text += std::to_string(exchange_.client_port);
        break;
      case Text::kServerPort:
        if (entrance_ != nullptr) text += std::to_string(entrance_->port);
        break;
    }
  }
  void AppendMetadata(std::string_view label, std::string& text) const override {
    metadata_.Append(Metadata::LabelOf(label), exchange_, text);
  }
  int64_t number(Number field) const override {
    switch (field) {
      case Number::kSize:
        return static_cast<int64_t>(exchange_.query_size);
      case Number::kId:
        return exchange_.asked.id;
      case Number::kOpcode:
        return static_cast<int64_t>(exchange_.asked.opcode);
      case Number::kBufsize:
        return static_cast<int64_t>(BufferSize());
    }
    return 0;
  }
  bool dnssec_ok() const override { return exchange_.asked.edns && exchange_.asked.edns->dnssec_ok; }
  base::IpAddress client() const override { return exchange_.client; }
  std::optional<base::IpAddress> server() const override {
    if (entrance_ != nullptr && entrance_->address) return entrance_->address;
    if (request_ == nullptr || request_->later == nullptr) return std::nullopt;
    return request_->later->LocalAddress(*request_);
  }

 private:
  // What the client takes, as CoreDNS understands it.
  size_t BufferSize() const {
    if (exchange_.transport != net::Transport::kUdp) return dns::kMaxMessageLength;
    if (!exchange_.asked.edns) return dns::kMinUdpLimit;
    return std::max<size_t>(exchange_.asked.edns->udp_payload_size, dns::kMinUdpLimit);
  }

  const Exchange& exchange_;
  const Entrance* const entrance_;
  const net::Request* const request_;
  Metadata& metadata_;
};

}  // namespace

bool View::Holds(const Exchange& exchange, const net::Request* request) {
  const Fields fields(exchange, request, metadata_);
  return std::ranges::all_of(options_.expressions,
                             [&](const auto& expression) { return expression->Holds(fields, texts_); });
}

}  // namespace podnamed::plugins
