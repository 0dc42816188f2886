#include "controller/kube/list_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/time/time.h"
#include "controller/kube/text.h"
#include "server/base/backoff.h"
#include "server/base/log.h"

namespace podnamed::kube {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr const char* kProtobufOrJson = "application/vnd.kubernetes.protobuf,application/json";
constexpr const char* kJson = "application/json";
constexpr size_t kMaxRefusal = size_t{64} << 10;
constexpr size_t kMaxPage = 50'000;
constexpr int kMaxWatchListFailures = 3;
constexpr int kMaxDoubts = 3;

constexpr int kOk = 200;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr int kGone = 410;
constexpr int kTooManyRequests = 429;
constexpr int kBadGateway = 502;
constexpr int kUnavailable = 503;
constexpr int kTimeout = 504;

// How an attempt has ended.
struct Outcome {
  absl::Status status = absl::OkStatus();  // OK: as it should
  bool must_relist = false;
  bool doubts_version = false;   // it may be the version that we watch from that is wrong
  bool is_over_at_once = false;  // nothing failed: go on without a wait
  milliseconds at_least{0};      // before the next attempt
};

Outcome Failure(absl::Status status, bool must_relist = false) {
  return {.status = std::move(status), .must_relist = must_relist};
}
Outcome Doubt(absl::Status status) { return {.status = std::move(status), .doubts_version = true}; }
Outcome AtOnce() { return {.is_over_at_once = true}; }

// Whether a list in pages would be refused as well. What else a server says to initial events is about them: it does
// not know them (400, 422), or not on the etcd that it has (500). And what else it says to a watch may be about where
// that begins.
bool ConcernsAllRequests(int code) {
  switch (code) {
    case kUnauthorized:
    case kForbidden:
    case kNotFound:
    case kGone:
    case kTooManyRequests:
    case kBadGateway:
    case kUnavailable:
    case kTimeout:
      return true;
    default:
      return false;
  }
}

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                          c == '_' || c == '.' || c == '~';
    if (is_plain) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  return escaped;
}

// Whether `version` is older than `than`; false where they are no numbers and so cannot be compared.
bool IsOlder(const std::string& version, const std::string& than) {
  uint64_t a;
  uint64_t b;
  return ParseNumber(version, &a) && ParseNumber(than, &b) && a < b;
}

}  // namespace

struct ListWatch::State {
  State(HttpClient its_client, Resource its_resource, Sink& its_sink, absl::BitGenRef its_random,
        ListWatchOptions its_options)
      : client(std::move(its_client)),
        resource(std::move(its_resource)),
        sink(its_sink),
        random(its_random),
        options(its_options),
        has_watch_list(its_options.tries_watch_list),
        page(its_options.page),
        backoff(absl::FromChrono(its_options.first_wait), absl::FromChrono(its_options.max_wait), its_random) {}

  asio::awaitable<void> Run() {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (true) {
      const bool must_list = version.empty();
      // Two statements: GCC 12 destroys the result of a co_await within ?: twice.
      Outcome outcome;
      const bool has_probed = must_probe;
      if (must_probe) {
        // A server that comes back may have been restored from a backup: it would wait in silence to be where we are.
        outcome = co_await Probe();
        must_probe = !outcome.status.ok() && !outcome.must_relist;
        outcome.is_over_at_once = outcome.status.ok();
      } else if (must_list && !has_watch_list) {
        outcome = co_await ListInPages();
      } else {
        outcome = co_await Watch(must_list);
      }
      // We were told to end: nobody else has lost anything.
      if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) co_return;
      const bool was_healthy = is_watching && Clock::now() - watching_since >= options.healthy_after;
      is_watching = false;
      if (was_healthy) backoff.Reset();
      // What a server cannot answer from this version again and again, it may from another.
      if (!has_probed) doubts = outcome.doubts_version && !must_list ? doubts + 1 : 0;
      if (outcome.must_relist || doubts >= kMaxDoubts) version.clear();
      if (!outcome.status.ok()) {
        client.Close();
        Lost(outcome.status);
        must_probe = !version.empty();
      }
      // After a list comes its watch, and after a watch that lived the next one.
      const bool is_well = outcome.status.ok() && (was_healthy || (must_list && !version.empty()));
      if (is_well || outcome.is_over_at_once) continue;
      timer.expires_after(std::max(outcome.at_least, absl::ToChronoMilliseconds(backoff.Next())));
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  // ---- requests

  const char* Accept() const { return resource.has_protobuf ? kProtobufOrJson : kJson; }

  std::string Target(std::string_view parameters) const {
    const std::string selector =
        resource.label_selector.empty() ? "" : fmt::format("&labelSelector={}", Escaped(resource.label_selector));
    return fmt::format("{}?{}{}", resource.path, parameters, selector);
  }

  std::string WatchTarget(bool has_initial_events) {
    const int64_t timeout =
        absl::Uniform<int64_t>(absl::IntervalClosed, random, options.min_timeout.count(), options.max_timeout.count());
    // With initial events and no version: the most recent state, as a list without one.
    return Target(fmt::format("watch=true&allowWatchBookmarks=true&timeoutSeconds={}&{}", timeout,
                              has_initial_events ? "sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                                                 : fmt::format("resourceVersion={}", Escaped(version))));
  }

  // ---- lists

  asio::awaitable<Outcome> ListInPages() {
    sink.OnRelistBegin();
    std::string token;
    std::string token_before;
    k8s::meta::v1::ListMeta metadata;
    do {
      std::string parameters = page > 0 ? fmt::format("limit={}", page) : "";
      if (!token.empty()) parameters += fmt::format("&continue={}", Escaped(token));
      HttpRequest request{.target = Target(parameters), .accept = Accept()};
      const auto reply = co_await client.Get(std::move(request));
      if (!reply.ok()) co_return Failure(reply.status());
      if (reply->status != kOk) {
        // The version of the first page has been compacted away. To go on from the token of this reply would mix two
        // versions, and what changed between them on pages that we have would be missed: all again, in larger steps.
        if (reply->status == kGone) page = page >= kMaxPage ? 0 : page * 10;
        co_return co_await Refused(*reply, "list");
      }
      const auto decoder = ListDecoder::Make(reply->content_type, *resource.prototype,
                                             [this](MessagePtr object) { sink.OnObject(std::move(object)); });
      std::string octets;
      while (true) {
        octets.clear();
        const absl::StatusOr<bool> has_more = co_await client.ReadSome(&octets, options.silence);
        if (!has_more.ok()) co_return Failure(has_more.status());
        if (absl::Status status = decoder->Read(octets); !status.ok()) co_return Failure(status);
        if (!*has_more) break;
      }
      const auto end = decoder->Finish();
      if (!end.ok()) co_return Failure(end.status());
      metadata = *end;
      token_before = std::exchange(token, metadata.continue_());
      if (!token.empty() && token == token_before) {
        co_return Failure(absl::DataLossError("a page of a list that names itself as the next one"));
      }
    } while (!token.empty());
    if (metadata.resource_version().empty()) {
      co_return Failure(absl::DataLossError("a list without a resourceVersion"));
    }
    EndRelist(metadata.resource_version());
    co_return Outcome();
  }

  void EndRelist(const std::string& list_version) {
    if (IsOlder(list_version, newest)) {
      base::LogWarning("kube", "{}: API server {} is at resourceVersion {} and was at {}: restored from a backup?",
                       resource.name, client.server(), list_version, newest);
    }
    version = newest = list_version;
    page = options.page;
    sink.OnRelistEnd();
    Synced();
  }

  // ---- watches

  // With initial events it is a list first.
  asio::awaitable<Outcome> Watch(bool has_initial_events) {
    HttpRequest request{.target = WatchTarget(has_initial_events), .accept = Accept()};
    const auto reply = co_await client.Get(std::move(request));
    if (!reply.ok()) co_return Failure(reply.status());
    if (reply->status != kOk) {
      const bool is_about_watch_list = has_initial_events && !ConcernsAllRequests(static_cast<int>(reply->status));
      Outcome outcome = co_await Refused(*reply, "watch");
      co_return is_about_watch_list ? WithoutWatchList(std::string(outcome.status.message())) : std::move(outcome);
    }
    if (has_initial_events) {
      sink.OnRelistBegin();
    } else {
      BeginWatching();
    }
    const auto decoder = WatchDecoder::Make(reply->content_type, *resource.prototype);
    bool is_listing = has_initial_events;
    bool was_silent = true;
    std::string octets;
    std::vector<WatchEvent> events;
    while (true) {
      octets.clear();
      events.clear();
      const absl::StatusOr<bool> has_more =
          co_await client.ReadSome(&octets, is_listing ? options.list_silence : options.silence);
      if (!has_more.ok() && is_listing && absl::IsDeadlineExceeded(has_more.status())) {
        co_return WithoutWatchList("its initial events have no end");
      }
      if (!has_more.ok() && !absl::IsDeadlineExceeded(has_more.status())) {
        NoteBrokenList(is_listing);
        co_return Failure(has_more.status());
      }
      if (has_more.ok()) {
        if (absl::Status status = decoder->Read(octets, &events); !status.ok()) co_return Doubt(status);
      }
      for (WatchEvent& event : events) {
        was_silent = false;
        if (std::optional<Outcome> end = Take(std::move(event), &is_listing)) co_return *std::move(end);
      }
      if (has_more.ok() && *has_more) continue;
      if (is_listing) {
        NoteBrokenList(is_listing);
        co_return Failure(absl::UnavailableError("a watch that ended before its initial events did"));
      }
      // It may be that nothing happens, that the connection is dead, or that the server, restored from a backup, waits
      // to be where we are already.
      if (was_silent && Clock::now() - watching_since >= options.healthy_after) co_return co_await Probe();
      co_return Outcome();
    }
  }

  // From now on lists in pages; the next one at once.
  Outcome WithoutWatchList(std::string_view why) {
    base::LogInfo("kube", "{}: listing in pages: no streaming lists: {}", resource.name, why);
    has_watch_list = false;
    client.Close();
    return AtOnce();
  }

  // A server that breaks off initial events again and again may not know what they are.
  void NoteBrokenList(bool is_listing) {
    if (!is_listing || ++watch_list_failures < kMaxWatchListFailures) return;
    watch_list_failures = 0;
    has_watch_list = false;
  }

  void BeginWatching() {
    is_watching = true;
    watching_since = Clock::now();
    sink.OnWatchBegin();
    Synced();
  }

  // Hands one event on; an outcome if it ends the watch.
  std::optional<Outcome> Take(WatchEvent event, bool* is_listing) {
    if (event.kind == WatchEvent::Kind::kError) {
      Outcome outcome = Error(event.status);
      const bool is_about_watch_list = *is_listing && !ConcernsAllRequests(event.status.code());
      return is_about_watch_list ? WithoutWatchList(std::string(outcome.status.message())) : std::move(outcome);
    }
    const std::string event_version = MetadataOf(*event.object).resource_version();
    if (*is_listing) {
      if (event.kind == WatchEvent::Kind::kChanged) sink.OnObject(std::move(event.object));
      if (event.kind == WatchEvent::Kind::kDeleted) sink.OnDeleted(std::move(event.object));
      if (event.kind != WatchEvent::Kind::kBookmark) return std::nullopt;
      if (!event.ends_initial_events) {
        return WithoutWatchList("its bookmark does not end them");  // no other comes before that one
      }
      *is_listing = false;
      watch_list_failures = 0;
      EndRelist(event_version);
      BeginWatching();
      return std::nullopt;
    }
    if (IsOlder(event_version, version)) {
      return Failure(absl::FailedPreconditionError(fmt::format(
                         "found resourceVersion {} after {}, expected a later one", event_version, version)),
                     /*must_relist=*/true);
    }
    if (!event_version.empty()) version = newest = event_version;
    if (event.kind == WatchEvent::Kind::kChanged) sink.OnObject(std::move(event.object));
    if (event.kind == WatchEvent::Kind::kDeleted) sink.OnDeleted(std::move(event.object));
    return std::nullopt;
  }

  // Where is the server? A list of one object says so.
  asio::awaitable<Outcome> Probe() {
    HttpRequest request{.target = Target("limit=1"), .accept = Accept()};
    const auto reply = co_await client.Get(std::move(request));
    if (!reply.ok()) co_return Failure(reply.status());
    if (reply->status != kOk) co_return co_await Refused(*reply, "list");
    const auto decoder = ListDecoder::Make(reply->content_type, *resource.prototype, [](MessagePtr) {});
    const auto body = co_await client.ReadAll(kMaxRefusal * 1024);
    if (!body.ok()) co_return Failure(body.status());
    if (absl::Status status = decoder->Read(*body); !status.ok()) co_return Failure(status);
    const auto metadata = decoder->Finish();
    if (!metadata.ok()) co_return Failure(metadata.status());
    if (!IsOlder(metadata->resource_version(), version)) co_return Outcome();
    co_return Failure(absl::FailedPreconditionError(fmt::format("the API server is at resourceVersion {} and was at {}",
                                                                metadata->resource_version(), version)),
                      /*must_relist=*/true);
  }

  // ---- what goes wrong

  asio::awaitable<Outcome> Refused(HttpReply reply, const char* verb) {
    const auto body = co_await client.ReadAll(kMaxRefusal);
    k8s::meta::v1::Status status;
    if (body.ok()) status = DecodeStatus(reply.content_type, *body);
    status.set_code(static_cast<int>(reply.status));
    Outcome outcome = Error(status, verb);
    if (reply.retry_after) outcome.at_least = std::max<milliseconds>(outcome.at_least, *reply.retry_after);
    co_return outcome;
  }

  Outcome Error(const k8s::meta::v1::Status& status, const char* verb = "watch") const {
    const std::string said = fmt::format("{} {}{}{}", status.code(), status.reason(),
                                         status.message().empty() ? "" : ": ", status.message());
    const std::string server = client.server();
    Outcome outcome{.at_least = std::chrono::seconds(std::clamp(status.details().retry_after_seconds(), 0, 3600))};
    switch (status.code()) {
      case kUnauthorized:
        outcome.status = absl::UnauthenticatedError(fmt::format(
            "API server {} does not accept our credentials ({}): renew the token or certificate", server, said));
        break;
      case kForbidden:
        outcome.status = absl::PermissionDeniedError(
            fmt::format("API server {} does not let us {} {} ({}): grant list and watch on {} in a ClusterRole", server,
                        verb, resource.name, said, resource.name));
        outcome.at_least = options.refused_wait;
        break;
      case kNotFound:
        outcome.status =
            absl::NotFoundError(fmt::format("API server {} has no {} at {} ({}): is its API enabled, or its "
                                            "CustomResourceDefinition installed?",
                                            server, resource.name, resource.path, said));
        outcome.at_least = options.refused_wait;
        break;
      case kGone:
        outcome.status = absl::OutOfRangeError(fmt::format("API server {}: {}; listing again", server, said));
        outcome.must_relist = true;
        break;
      case kTooManyRequests:
        outcome.at_least = std::max<milliseconds>(outcome.at_least, options.first_wait);
        [[fallthrough]];
      default:
        outcome.status = absl::UnavailableError(fmt::format("API server {} has answered {}", server, said));
        outcome.doubts_version = !ConcernsAllRequests(status.code());
    }
    return outcome;
  }

  void Synced() {
    if (is_synced) return;
    if (!last_complaint.empty())
      base::LogInfo("kube", "{}: following API server {} again", resource.name, client.server());
    last_complaint.clear();
    is_synced = true;
    sink.OnSynced();
  }

  void Lost(const absl::Status& why) {
    const std::string complaint(why.message());
    const bool is_news = is_synced || complaint != last_complaint;
    last_complaint = complaint;
    is_synced = false;
    if (is_news) base::LogWarning("kube", "{}: {}", resource.name, complaint);
    sink.OnLost(why, is_news);
  }

  HttpClient client;
  const Resource resource;
  Sink& sink;
  absl::BitGenRef random;
  const ListWatchOptions options;

  bool has_watch_list;
  int watch_list_failures = 0;
  bool must_probe = false;  // where the server is, before it is watched again
  size_t page;              // objects of one page; grows when lists are too slow for the server's compaction; zero: all
  std::string version;      // to watch from; empty: a list is due
  std::string newest;       // that we have seen of this server
  int doubts = 0;           // that came one after the other
  base::Backoff backoff;
  bool is_watching = false;
  Clock::time_point watching_since;
  bool is_synced = false;
  std::string last_complaint;
};

ListWatch::ListWatch(HttpClient client, Resource resource, Sink& sink, absl::BitGenRef random, ListWatchOptions options)
    : state_(std::make_unique<State>(std::move(client), std::move(resource), sink, random, options)) {}

ListWatch::~ListWatch() = default;

asio::awaitable<void> ListWatch::Run() { return state_->Run(); }

}  // namespace podnamed::kube
