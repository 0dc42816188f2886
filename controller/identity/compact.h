// Octets of a compact form, written and read again by the same program: lengths and numbers as varints, a uid and an
// address in their binary form where the text can be had back from it. Pure. REQUIRES: what a Reader reads, these
// functions wrote, in the same order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace podnamed::controller::compact {

void PutNumber(uint64_t number, std::string* out);
void PutText(std::string_view text, std::string* out);
// "5f3c9a50-7d0e-4f7e-9c1b-0a5f2d7f4f11" takes 17 octets, another text its size and two.
void PutUid(std::string_view uid, std::string* out);
// A text that may begin like another, which whoever reads it knows: "web-12" beside "web" takes 5 octets.
void PutTextLike(std::string_view model, std::string_view text, std::string* out);
// "10.0.0.1" takes 5 octets.
void PutAddress(std::string_view text, std::string* out);

class Reader {
 public:
  explicit Reader(std::string_view octets) : rest_(octets) {}

  uint64_t Number();
  std::string_view Text();
  std::string TextLike(std::string_view model);
  std::string Uid();
  std::string Address();

  std::string_view Take(size_t size);
  bool is_done() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace podnamed::controller::compact
