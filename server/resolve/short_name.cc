#include "server/resolve/short_name.h"

#include <cstring>
#include <utility>

#include "server/resolve/public_tlds.h"
#include "server/resolve/resolver.h"

namespace podnamed::resolve {
namespace {

using dns::NamePieces;

constexpr size_t kMostLabels = 5;  // _http._tcp.nginx.default.svc

// The namespace of the pod at that address; empty if there is none, or if pods of several namespaces share it (the
// network of their node): then nobody can tell who asks.
std::string_view NamespaceOf(const base::IpAddress& client, const ClusterView& view) {
  std::string_view found;
  bool is_ambiguous = false;
  view.snapshot().ForEachPodWithAddress(client, [&](std::string_view namespace_name, std::string_view) {
    is_ambiguous |= !found.empty() && found != namespace_name;
    found = namespace_name;
  });
  return is_ambiguous ? std::string_view() : found;
}

bool IsBelowNamespace(const ClusterName& parsed) {
  switch (parsed.kind) {
    case ClusterName::Kind::kService:
    case ClusterName::Kind::kEndpoint:
    case ClusterName::Kind::kPort:
      return true;
    default:
      return false;
  }
}

// Puts together the short name and what the search list adds to it, in wire form.
class CompletedName {
 public:
  explicit CompletedName(std::array<char, dns::kMaxNameLength>& storage) : octets_(storage) {}

  // False if that is no name: too long.
  bool Set(std::string_view short_name, std::string_view namespace_name, std::string_view tail) {
    short_name.remove_suffix(1);  // the root
    const size_t namespace_size = namespace_name.empty() ? 0 : namespace_name.size() + 1;
    if (short_name.size() + namespace_size + tail.size() > octets_.size()) return false;
    size_ = 0;
    Append(short_name);
    if (!namespace_name.empty()) {
      octets_[size_++] = static_cast<char>(namespace_name.size());
      Append(namespace_name);
    }
    Append(tail);
    return true;
  }
  std::string_view wire() const { return {octets_.data(), size_}; }

 private:
  void Append(std::string_view piece) {
    std::memcpy(octets_.data() + size_, piece.data(), piece.size());
    size_ += piece.size();
  }

  std::array<char, dns::kMaxNameLength>& octets_;
  size_t size_ = 0;
};

}  // namespace

void ResolveShortName(const Question& question, const std::vector<ForwardZone>& zones, std::string_view service_tail,
                      const ClusterView& view, absl::BitGenRef random, Answer& answer) {
  const size_t labels = question.name.label_count();
  if (labels == 0 || labels > kMostLabels || IsPublicTld(question.name.label(labels - 1))) return;
  const std::string_view namespace_name = NamespaceOf(question.client, view);
  if (namespace_name.empty()) return;

  const std::string_view zone = service_tail.substr(kServiceBranch.size());
  const std::pair<std::string_view, std::string_view> search_list[] = {
      {namespace_name, service_tail}, {"", service_tail}, {"", zone}};
  CompletedName completed(answer.completed_name);
  for (const auto& [searched_namespace, tail] : search_list) {
    if (!completed.Set(question.name.original(), searched_namespace, tail)) continue;
    answer.chain_length = 0;
    const dns::QueryName& name = *answer.NextInChain(completed.wire());
    const size_t above = *name.LabelsAbove(zone);
    const ClusterName parsed = ParseClusterName(name, above, /*clusterset=*/false);
    if (!IsBelowNamespace(parsed)) continue;
    const ZoneQuestion in_zone{name, above, question.type, NamePieces(question.name.original()), question.reply_limit};
    ForwardAnswer(in_zone, parsed, /*clusterset=*/false, zones, view, random, answer).Find();
    if (answer.outcome != Outcome::kNxDomain) break;
    answer.Clear();
  }
  answer.authority.clear();
}

}  // namespace podnamed::resolve
