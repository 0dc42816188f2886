// What the cluster answers to a question: an outcome and record sets, no bytes. One object per worker, used again for
// every query, so that its vectors keep their memory; what it holds points into the query, the snapshot, the
// configuration and its own scratch, and is good until the next Clear.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <vector>

#include "server/base/ip_address.h"
#include "server/dns/record.h"
#include "server/dns/types.h"
#include "server/resolve/reverse_name.h"

namespace podnamed::resolve {

enum class Outcome : uint8_t {
  kAnswer,     // records of the type, or a CNAME
  kNoData,     // the name exists, or something below it does; the type does not
  kNxDomain,   // the name does not exist
  kNotSynced,  // nothing is known of the cluster yet: never say that a name does not exist
  kNotOurs,    // no zone of ours holds the name: the next plugin may know it
  kRefused,    // no server block serves the name, or not for this class
};

// Why the answer is what it is, for a person (RFC 8914). Written into its own storage: nothing is allocated for it.
class Reason {
 public:
  bool empty() const { return size_ == 0 && info_code_ == 0; }
  uint16_t info_code() const { return info_code_; }
  std::string_view text() const { return {text_.data(), size_}; }

  void Clear() { info_code_ = 0, size_ = 0; }
  void set_info_code(uint16_t info_code) { info_code_ = info_code; }
  // Puts pieces one behind the other; what is too long is cut. Text that comes from a query is printable: labels that
  // are not Kubernetes names are left out by whoever writes.
  template <typename... Pieces>
  void Append(const Pieces&... pieces) {
    (Put(pieces), ...);
  }

 private:
  void Put(std::string_view piece) {
    const size_t size = std::min(piece.size(), text_.size() - size_);
    std::copy_n(piece.begin(), size, text_.begin() + static_cast<ptrdiff_t>(size_));
    size_ += size;
  }
  void Put(size_t number) {
    std::array<char, 24> digits;
    const auto [end, error] = std::to_chars(digits.begin(), digits.end(), number);
    Put(std::string_view(digits.data(), static_cast<size_t>(end - digits.begin())));
  }

  uint16_t info_code_ = 0;
  size_t size_ = 0;
  std::array<char, 200> text_;
};

struct Answer {
  // How often an ExternalName may lead to another one (CoreDNS: about 10).
  static constexpr size_t kMaxChain = 10;

  Outcome outcome = Outcome::kNotOurs;
  std::vector<dns::RecordSet> answer;
  std::vector<dns::RecordSet> authority;
  std::vector<dns::RecordSet> additional;
  Reason reason;  // may be empty

  // What the sets above point to where nobody else holds it.
  std::vector<base::Ipv4Address> ipv4;
  std::vector<base::Ipv6Address> ipv6;
  std::vector<base::Ipv4Address> reordered_ipv4;  // of what others hold
  std::vector<base::Ipv6Address> reordered_ipv6;
  std::vector<dns::SrvData> srv;
  std::vector<dns::NamePieces> names;
  std::vector<DashedLabel> labels;
  std::array<dns::QueryName, kMaxChain> chain;
  size_t chain_length = 0;
  std::array<char, dns::kMaxNameLength> completed_name;  // of a short name
  std::vector<dns::NameStorage> written_names;           // of substituted names

  // The addresses that a client will ask for next, if there are any.
  void AddAdditional(const dns::NamePieces& owner, uint32_t ttl, absl::Span<const base::Ipv4Address> a,
                     absl::Span<const base::Ipv6Address> aaaa) {
    if (!a.empty()) additional.push_back({owner, dns::RecordType::kA, ttl, a});
    if (!aaaa.empty()) additional.push_back({owner, dns::RecordType::kAaaa, ttl, aaaa});
  }

  // The target of a CNAME as a question of its own; nullptr where the chain is too long. REQUIRES: one valid name.
  dns::QueryName* NextInChain(std::string_view target) {
    if (chain_length == kMaxChain) return nullptr;
    chain[chain_length].Read(target);
    return &chain[chain_length++];
  }

  void Clear() {
    outcome = Outcome::kNotOurs;
    answer.clear();
    authority.clear();
    additional.clear();
    reason.Clear();
    chain_length = 0;
    ipv4.clear();
    ipv6.clear();
    reordered_ipv4.clear();
    reordered_ipv6.clear();
    srv.clear();
    names.clear();
    labels.clear();
    written_names.clear();
  }
};

// The one place where an outcome becomes an rcode.
inline dns::Rcode RcodeOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAnswer:
    case Outcome::kNoData:
      return dns::Rcode::kNoError;
    case Outcome::kNxDomain:
      return dns::Rcode::kNxDomain;
    case Outcome::kRefused:
      return dns::Rcode::kRefused;
    case Outcome::kNotSynced:
    case Outcome::kNotOurs:  // no plugin knew it: CoreDNS's "no next plugin found"
      return dns::Rcode::kServFail;
  }
  return dns::Rcode::kServFail;
}

}  // namespace podnamed::resolve
