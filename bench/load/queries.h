// The queries of a load, encoded once, and what a right reply to each is (a query file of bench_cluster_files).
// Immutable after Read; any thread.
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace podnamed::bench {

struct QueryOptions {
  bool edns = false;  // with an OPT record that advertises kEdnsPayload
  bool tcp = false;   // then no reply may come truncated
};

// What resolvers and servers advertise by default since DNS Flag Day 2020.
inline constexpr uint16_t kEdnsPayload = 1232;

enum class Judgement {
  kRight,
  kRightTruncated,  // it did not fit, and says so
  kWrong,
};

class QueryList {
 public:
  // Reads a query file from `file`. Errors name `path` and the line.
  static absl::StatusOr<QueryList> Read(std::istream& file, const std::string& path, const QueryOptions& options);

  size_t size() const { return queries_.size(); }
  // The query's octets, with id 0.
  absl::Span<const uint8_t> Packet(size_t query) const {
    return absl::MakeConstSpan(octets_).subspan(queries_[query].begin, queries_[query].size);
  }
  // By rcode, count of answers and TC. A full answer that does not fit must come truncated, and no other may.
  Judgement Judge(size_t query, absl::Span<const uint8_t> reply) const;
  // "NAME TYPE-NUMBER: rcode 3 with 0 answers, expected rcode 0 with 1", for a person.
  std::string Explain(size_t query, absl::Span<const uint8_t> reply) const;

 private:
  struct Query {
    uint32_t begin;  // in octets_
    uint16_t size;
    uint16_t answers;
    uint8_t rcode;
    bool fits;  // the whole reply fits the client's limit
  };
  std::vector<uint8_t> octets_;
  std::vector<Query> queries_;
};

}  // namespace podnamed::bench
