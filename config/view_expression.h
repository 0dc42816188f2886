// The conditions of `view`: the part of the language of expr-lang/expr that CoreDNS's documents use; see
// docs/plugins/view.md. Read once into a tree whose types are known, so that running it cannot fail. Immutable; any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/base/ip_address.h"

namespace podnamed::config {

struct ViewNode;

class ViewExpression {
 public:
  // What an expression may ask of a query.
  class Query {
   public:
    enum class Text : uint8_t { kName, kType, kClass, kProto, kPort, kServerPort };
    enum class Number : uint8_t { kSize, kId, kOpcode, kBufsize };

    // Those of texts put it behind what `text` holds.
    virtual void Append(Text field, std::string& text) const = 0;
    virtual void AppendMetadata(std::string_view label, std::string& text) const = 0;
    virtual int64_t number(Number field) const = 0;
    virtual bool dnssec_ok() const = 0;
    virtual base::IpAddress client() const = 0;
    virtual std::optional<base::IpAddress> server() const = 0;

   protected:
    ~Query() = default;
  };

  // The texts that a run makes. Their memory is kept for the next one. One thread.
  class Texts {
   public:
    // Empty, and the caller's until Clear.
    std::string& Add();
    void Clear() { used_ = 0; }

   private:
    std::deque<std::string> texts_;
    size_t used_ = 0;
  };

  // An error says what was found, at which character, and what was expected.
  static absl::StatusOr<ViewExpression> Parse(std::string_view text);

  ViewExpression(ViewExpression&&) noexcept;
  ViewExpression& operator=(ViewExpression&&) noexcept;
  ~ViewExpression();

  // Allocates nothing once `texts` has room for what it makes, but for an IPv6 address as a text.
  bool Holds(const Query& query, Texts& texts) const;

 private:
  explicit ViewExpression(std::unique_ptr<const ViewNode> root);

  std::unique_ptr<const ViewNode> root_;
};

}  // namespace podnamed::config
