// Follows one resource of a Kubernetes API server for as long as it runs: lists it (as a stream where the server has
// WatchList, else in pages), then watches it from there, through whatever an API server does wrong. Its rules:
//
// - What is known stays until a whole list says otherwise: a list is marked and swept by the sink, and one that breaks
//   off sweeps nothing.
// - Nobody is hammered: after a failure it waits, exponentially longer with jitter and at least what Retry-After says,
//   until a watch has lived for `healthy_after`.
// - Resource versions go forward. A server that is behind what we have seen (restored from a backup) is listed anew, as
//   are expired versions (410). Lists ask for the most recent state, so that a server that lags cannot show an older
//   one.
//
// One thread, that of the coroutine, on which the sink is called as well.
#pragma once

#include <google/protobuf/message.h>

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "absl/random/bit_gen_ref.h"
#include "absl/status/status.h"
#include "controller/kube/http_client.h"
#include "controller/kube/wire.h"

namespace podnamed::kube {

struct Resource {
  std::string name;                            // for people: "services"
  std::string path;                            // "/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices"
  const google::protobuf::Message* prototype;  // of its class in proto/k8s; outlives all
  std::string label_selector = {};             // as kubectl takes it; empty: everything
  bool has_protobuf = true;                    // custom resources have not
};

// What becomes of the objects. They are of the prototype's type and hold only fields that it has.
class Sink {
 public:
  virtual ~Sink() = default;

  // A list begins: until its end, each object that is there comes as OnObject.
  virtual void OnRelistBegin() = 0;
  // The list was whole: what has not come since its beginning is gone.
  virtual void OnRelistEnd() = 0;
  // Is there, or has changed.
  virtual void OnObject(MessagePtr object) = 0;
  // Is gone: the object as it was last. Its uid says which one, of those that had the name.
  virtual void OnDeleted(MessagePtr object) = 0;
  // From here on the objects follow the server: after every list, and when a watch goes on after an outage.
  virtual void OnSynced() = 0;
  // A watch begins.
  virtual void OnWatchBegin() = 0;
  // A list or a watch has failed: the objects do not follow any more, and what is known stays. `is_news`: not for the
  // same reason as the last time.
  virtual void OnLost(const absl::Status& why, bool is_news) = 0;
};

struct ListWatchOptions {
  std::chrono::milliseconds first_wait{200};
  std::chrono::milliseconds max_wait{30'000};
  std::chrono::milliseconds refused_wait{60'000};   // after 403 and 404, which a person has to put right
  std::chrono::milliseconds healthy_after{10'000};  // a watch that lived so long was none of a failing server
  // A watch that says nothing for so long is looked into; a server sends bookmarks about every minute.
  std::chrono::milliseconds silence{150'000};
  // The same for a streaming list, whose end comes at once where a server knows it: before 1.27 none does.
  std::chrono::milliseconds list_silence{10'000};
  std::chrono::seconds min_timeout{300};  // a watch's own, drawn at random so that not all end at once
  std::chrono::seconds max_timeout{600};
  size_t page = 500;
  bool tries_watch_list = true;
};

class ListWatch {
 public:
  // What `resource.prototype`, `sink` and `random` point to must outlive this.
  ListWatch(HttpClient client, Resource resource, Sink& sink, absl::BitGenRef random, ListWatchOptions options = {});
  ~ListWatch();
  ListWatch(const ListWatch&) = delete;
  ListWatch& operator=(const ListWatch&) = delete;

  // Runs until it is cancelled. Call once; this must outlive it.
  boost::asio::awaitable<void> Run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace podnamed::kube
