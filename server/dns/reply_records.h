// A reply's records as record sets that plugins may change and ResponseEncoder writes again. Names are uncompressed,
// also those inside rdata (rdata_shape.h); A, AAAA, NS, CNAME, PTR, SRV, SOA and TXT of one string take their own
// alternatives, all other rdata is RawData. The OPT record belongs to one hop and is left out.
//
// Records keep their order: those that follow each other with the same owner, class, type and TTL are one set. One
// object per worker, read into again and again: it keeps the memory of its lists. What it holds is its own, and good
// until the next Read or Clear. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "server/base/ip_address.h"
#include "server/dns/message_view.h"
#include "server/dns/record.h"
#include "server/dns/record_text.h"

namespace podnamed::dns {

class ReplyRecords {
 public:
  std::vector<RecordSet> answer;
  std::vector<RecordSet> authority;
  std::vector<RecordSet> additional;

  // Replaces what is held by the records of `view`; false, and empty, if rdata is not what its type says.
  bool Read(const MessageView& view);
  void Clear();

  // A copy of the record, in a set of its own at the end of `sets`; it lives as long as the records here.
  void Add(std::vector<RecordSet>& sets, const ParsedRecord& record);
  // A copy of `octets` that lives as long as the records: for names and texts that a plugin puts in.
  std::string_view Keep(std::string_view octets) { return arena_.Keep({octets}); }

 private:
  // Octets that stay where they are until Clear.
  class Arena {
   public:
    // One behind the other.
    std::string_view Keep(absl::Span<const std::string_view> pieces);
    void Clear();

   private:
    char* Take(size_t size);

    static constexpr size_t kChunkSize = size_t{16} << 10;
    std::vector<std::unique_ptr<char[]>> chunks_;
    size_t used_ = 0;                             // of the last chunk
    std::vector<std::unique_ptr<char[]>> large_;  // what would waste a chunk
  };

  std::vector<RecordSet>& section(Section section);
  void ReserveFor(const MessageView& view);
  bool ReadRecord(const MessageView& view, const RecordView& record);
  bool AddRdata(const MessageView& view, const RecordView& record, RecordSet& set, bool is_new);
  template <typename Address>
  bool AppendAddress(const MessageView& view, const RecordView& record, RecordSet& set, bool is_new,
                     std::vector<Address>& list);
  // Grows the set by `data`, which is appended to `list` behind what the set holds of it.
  template <typename Data>
  bool Append(RecordSet& set, bool is_new, std::vector<Data>& list, const Data& data);
  // The rdata with its names written out; false if they are none or it does not end where it should.
  bool ReadRaw(const MessageView& view, const RecordView& record, std::string_view& octets);

  Arena arena_;
  // What the sets' spans point into: reserved before the first record, so that no list ever moves.
  std::vector<base::Ipv4Address> ipv4_;
  std::vector<base::Ipv6Address> ipv6_;
  std::vector<SrvData> srv_;
  std::vector<NamePieces> names_;
  std::vector<RawData> raw_;
  std::deque<RawData> added_;  // whose elements never move
};

}  // namespace podnamed::dns
