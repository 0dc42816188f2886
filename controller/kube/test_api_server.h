// For the tests of this room: a small API server on a thread of its own. It stores objects with their history and
// answers from it as kube-apiserver documents: lists whole or in pages that all show one resourceVersion, continue
// tokens that expire, watches from a resourceVersion on or with initial events, bookmarks, compaction, protobuf or
// JSON, gzip, bearer tokens, TLS. What it is told to get wrong, it gets wrong the next times that it matters.
#pragma once

#include <google/protobuf/message.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "controller/kube/access.h"
#include "server/testing/certificates.h"

namespace podnamed::kube {

struct TestServerOptions {
  bool is_tls = true;
  bool has_watch_list = true;
  bool speaks_protobuf = true;
  bool compresses = false;
  bool repeats_pages = false;                       // a page names itself as the next one
  std::chrono::milliseconds bookmark_interval{20};  // zero: it sends none
  std::vector<std::string> certificate_names = {"IP:127.0.0.1"};
  int certificate_age_days = 0;
  std::string token = "secret";  // empty: everyone is let in
};

struct TestFault {
  enum class Kind {
    kStatus,      // answers with `code`, a Status and `headers`
    kErrorEvent,  // a watch begins with an ERROR event of `code`
    kCut,         // resets the connection after `code` octets of the body
    kEnd,         // a watch ends at once
    kHang,        // never answers
    kMute,        // a watch begins, and never says anything
  };
  Kind kind;
  std::string target;  // of requests whose target has this in it
  int code = 0;
  std::string reason = "";
  std::string headers = "";  // "Retry-After: 1\r\n"
  int times = 1;             // negative: always
};

class TestApiServer {
 public:
  explicit TestApiServer(TestServerOptions options = {});
  ~TestApiServer();

  Access access() const;
  uint16_t port() const;
  const testing::Certificate& ca() const { return ca_; }

  // The cluster changes: `collection` is a resource's path, "/api/v1/services". Returns the resourceVersion.
  uint64_t Put(const std::string& collection, const google::protobuf::Message& object);
  uint64_t Delete(const std::string& collection, const std::string& namespace_name, const std::string& name);
  uint64_t revision() const;

  // Forgets what was before now: older resourceVersions and continue tokens are gone.
  void Compact();
  // Is as it was at that revision, and lives on from there.
  void Restore(uint64_t revision);

  void Add(TestFault fault);
  void ClearFaults();
  void SetToken(std::string token);
  // Ends all connections as a killed process does.
  void CutConnections();

  // The targets of all requests so far; how many connections there were.
  std::vector<std::string> requests() const;
  int connections() const;

 private:
  struct State;
  const testing::Certificate ca_;
  std::unique_ptr<State> state_;
  std::thread thread_;
};

}  // namespace podnamed::kube
