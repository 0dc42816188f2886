#include "controller/kube/test_api_server.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/crc.hpp>
#include <map>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "controller/kube/wire.h"
#include "proto/k8s/core/v1/core.pb.h"

namespace podnamed::kube {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace zlib = boost::beast::zlib;
using asio::ip::tcp;
using google::protobuf::Message;
using Clock = std::chrono::steady_clock;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kLook{2};
constexpr size_t kMinCompressed = 500;

struct Change {
  uint64_t revision;
  std::string collection;
  std::string key;
  std::shared_ptr<const Message> object;  // as it was last, if it is gone
  bool is_deletion;
  bool is_new;
};

using Objects = std::map<std::string, std::shared_ptr<const Message>>;  // by key

std::string Field(int number, std::string_view text) {
  std::string field(1, static_cast<char>(number << 3 | 2));
  for (size_t size = text.size(); true; size >>= 7) {
    field += static_cast<char>((size & 0x7f) | (size > 0x7f ? 0x80 : 0));
    if (size <= 0x7f) break;
  }
  return field.append(text);
}

// runtime.Unknown: TypeMeta, raw, contentEncoding, contentType.
std::string Envelope(std::string_view raw) {
  return std::string("k8s\0", 4) + Field(1, Field(1, "v1") + Field(2, "Thing")) + Field(2, raw) + Field(3, "") +
         Field(4, "");
}

std::string Json(const Message& message) {
  std::string text;
  (void)google::protobuf::util::MessageToJsonString(message, &text);
  return text;
}

std::string Octets(const Message& message) {
  std::string text;
  (void)message.SerializeToString(&text);
  return text;
}

std::string Gzip(const std::string& text) {
  zlib::deflate_stream deflate;
  std::string out(text.size() + text.size() / 8 + 1024, '\0');
  zlib::z_params params;
  params.next_in = text.data();
  params.avail_in = text.size();
  params.next_out = out.data();
  params.avail_out = out.size();
  boost::system::error_code error;
  deflate.write(params, zlib::Flush::finish, error);
  out.resize(params.total_out);
  boost::crc_32_type checksum;
  checksum.process_bytes(text.data(), text.size());
  const auto number = [](uint32_t value) {
    std::string octets;
    for (int i = 0; i < 4; ++i) octets += static_cast<char>(value >> (8 * i) & 0xff);
    return octets;
  };
  return std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10) + out + number(checksum.checksum()) +
         number(static_cast<uint32_t>(text.size()));
}

struct Asked {
  std::string target;
  std::string path;
  std::map<std::string, std::string> query;
  bool wants_protobuf = false;
  bool takes_gzip = false;
  std::string token;

  std::string At(const std::string& key) const {
    const auto found = query.find(key);
    return found == query.end() ? "" : found->second;
  }
};

Asked Read(const http::request<http::empty_body>& request) {
  const auto text = [](boost::beast::string_view view) { return std::string(view.data(), view.size()); };
  Asked asked;
  asked.target = text(request.target());
  const std::pair<std::string, std::string> parts = absl::StrSplit(asked.target, absl::MaxSplits('?', 1));
  asked.path = parts.first;
  for (const absl::string_view parameter : absl::StrSplit(parts.second, '&', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> word = absl::StrSplit(parameter, absl::MaxSplits('=', 1));
    asked.query.insert(word);
  }
  asked.wants_protobuf = text(request[http::field::accept]).find("vnd.kubernetes.protobuf") != std::string::npos;
  asked.takes_gzip = text(request[http::field::accept_encoding]).find("gzip") != std::string::npos;
  asked.token = text(request[http::field::authorization]);
  return asked;
}

}  // namespace

struct TestApiServer::State {
  State(TestServerOptions its_options, const testing::Certificate& ca)
      : options(std::move(its_options)), acceptor(context) {
    const testing::Certificate own = testing::MakeCertificate(
        ca, "kube-apiserver", absl::StrJoin(options.certificate_names, ","), options.certificate_age_days);
    tls.use_certificate_chain(asio::buffer(own.certificate));
    tls.use_private_key(asio::buffer(own.key), asio::ssl::context::pem);
    const tcp::endpoint endpoint(asio::ip::make_address("127.0.0.1"), 0);
    acceptor.open(endpoint.protocol());
    acceptor.bind(endpoint);
    acceptor.listen();
    port = acceptor.local_endpoint().port();
    asio::co_spawn(context, Accept(), asio::detached);
  }

  asio::awaitable<void> Accept() {
    while (true) {
      auto [error, socket] = co_await acceptor.async_accept(kAwaitTuple);
      if (error) co_return;
      {
        absl::MutexLock lock(&mutex);
        ++connections;
      }
      socket.set_option(tcp::no_delay(true));
      if (options.is_tls) {
        asio::co_spawn(context, ServeTls(std::move(socket)), asio::detached);
      } else {
        asio::co_spawn(context, ServePlain(std::move(socket)), asio::detached);
      }
    }
  }

  asio::awaitable<void> ServeTls(tcp::socket socket) {
    asio::ssl::stream<tcp::socket> stream(std::move(socket), tls);
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, kAwaitTuple);
    if (!error) co_await Serve(&stream, &stream.next_layer());
  }
  asio::awaitable<void> ServePlain(tcp::socket socket) { co_await Serve(&socket, &socket); }

  template <typename Stream>
  asio::awaitable<void> Serve(Stream* stream, tcp::socket* socket) {
    sockets.insert(socket);
    boost::beast::flat_buffer buffer;
    while (true) {
      http::request<http::empty_body> request;
      const auto [error, size] = co_await http::async_read(*stream, buffer, request, kAwaitTuple);
      if (error || !co_await Answer(stream, socket, Read(request))) break;
    }
    sockets.erase(socket);
  }

  // A reset, as of a process that was killed.
  static void Reset(tcp::socket* socket) {
    boost::system::error_code ignored;
    socket->set_option(asio::socket_base::linger(true, 0), ignored);
    socket->close(ignored);
  }

  template <typename Stream>
  asio::awaitable<bool> Write(Stream* stream, std::string text) {
    const auto [error, size] = co_await asio::async_write(*stream, asio::buffer(text), kAwaitTuple);
    co_return !error;
  }

  // False: the connection has ended.
  template <typename Stream>
  asio::awaitable<bool> Answer(Stream* stream, tcp::socket* socket, Asked asked) {
    std::string token;
    {
      absl::MutexLock lock(&mutex);
      requests.push_back(asked.target);
      token = options.token;
    }
    const std::optional<TestFault> fault = TakeFault(asked.target);
    if (fault && fault->kind == TestFault::Kind::kHang) {
      asio::steady_timer timer(context, std::chrono::hours(1));
      co_await timer.async_wait(kAwaitTuple);
      co_return false;
    }
    if (!token.empty() && asked.token != "Bearer " + token)
      co_return co_await Refuse(stream, asked, 401, "Unauthorized");
    if (fault && fault->kind == TestFault::Kind::kStatus) {
      co_return co_await Refuse(stream, asked, fault->code, fault->reason, fault->headers);
    }
    if (!asked.path.starts_with("/api")) co_return co_await Refuse(stream, asked, 404, "NotFound");
    if (asked.At("watch") != "true") co_return co_await List(stream, socket, asked, fault);
    const bool has_initial_events = asked.At("sendInitialEvents") == "true";
    if (has_initial_events && (!options.has_watch_list || asked.At("resourceVersionMatch") != "NotOlderThan")) {
      co_return co_await Refuse(stream, asked, 422, "Invalid");
    }
    co_return co_await Watch(stream, socket, asked, fault);
  }

  template <typename Stream>
  asio::awaitable<bool> Refuse(Stream* stream, Asked asked, int code, std::string reason, std::string headers = "",
                               std::string continue_token = "") {
    k8s::meta::v1::Status status;
    status.set_status("Failure");
    status.set_code(code);
    status.set_reason(reason);
    status.set_message("the test says " + reason);
    if (!continue_token.empty()) status.mutable_metadata()->set_continue_(continue_token);
    const bool is_protobuf = asked.wants_protobuf && options.speaks_protobuf;
    const std::string body = is_protobuf ? Envelope(Octets(status)) : Json(status);
    co_return co_await Write(stream, fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}\r\n{}",
                                                 code, reason, ContentType(asked, ""), body.size(), headers, body));
  }

  std::string ContentType(const Asked& asked, std::string_view suffix) const {
    return asked.wants_protobuf && options.speaks_protobuf
               ? fmt::format("application/vnd.kubernetes.protobuf{}", suffix)
               : "application/json";
  }

  // The collection as it was at that revision.
  Objects At(const std::string& collection, uint64_t at) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Objects objects;
    for (const Change& change : history) {
      if (change.revision > at) break;
      if (change.collection != collection) continue;
      if (change.is_deletion) {
        objects.erase(change.key);
      } else {
        objects[change.key] = change.object;
      }
    }
    return objects;
  }

  template <typename Stream>
  asio::awaitable<bool> List(Stream* stream, tcp::socket* socket, Asked asked, std::optional<TestFault> fault) {
    std::string body;
    bool is_gone = false;
    {
      absl::MutexLock lock(&mutex);
      uint64_t at = revision;
      std::string after;
      // A continue token is the revision and the last key before the page.
      if (std::string token; absl::WebSafeBase64Unescape(asked.At("continue"), &token) && !token.empty()) {
        const std::pair<std::string, std::string> parts = absl::StrSplit(token, absl::MaxSplits(' ', 1));
        (void)absl::SimpleAtoi(parts.first, &at);
        after = parts.second;
        is_gone = at < compacted;
      }
      if (!is_gone) body = PageOf(asked, at, after);
    }
    if (is_gone) co_return co_await Refuse(stream, asked, 410, "Expired", "", asked.At("continue"));
    std::string encoding;
    if (options.compresses && asked.takes_gzip && body.size() > kMinCompressed) {
      body = Gzip(body);
      encoding = "Content-Encoding: gzip\r\n";
    }
    std::string text = fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}\r\n",
                                   ContentType(asked, ""), body.size(), encoding);
    if (fault && fault->kind == TestFault::Kind::kCut) {
      co_await Write(stream, text + body.substr(0, static_cast<size_t>(fault->code)));
      Reset(socket);
      co_return false;
    }
    co_return co_await Write(stream, text + body);
  }

  std::string PageOf(const Asked& asked, uint64_t at, const std::string& after) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    size_t limit = 0;
    (void)absl::SimpleAtoi(asked.At("limit"), &limit);
    const auto objects = At(asked.path, at);
    std::vector<const Message*> page;
    std::string token;
    for (auto object = objects.upper_bound(after); object != objects.end(); ++object) {
      page.push_back(object->second.get());
      if (limit > 0 && page.size() == limit && std::next(object) != objects.end()) {
        const bool repeats = options.repeats_pages && !after.empty();
        token = absl::WebSafeBase64Escape(fmt::format("{} {}", at, repeats ? after : object->first));
        break;
      }
    }
    if (asked.wants_protobuf && options.speaks_protobuf) {
      std::string raw = Field(1, Field(2, std::to_string(at)) + (token.empty() ? "" : Field(3, token)));
      for (const Message* object : page) raw += Field(2, Octets(*object));
      return Envelope(raw);
    }
    std::string items;
    for (const Message* object : page) items += (items.empty() ? "" : ",") + Json(*object);
    return fmt::format(R"({{"kind":"List","metadata":{{"resourceVersion":"{}","continue":"{}"}},"items":[{}]}})", at,
                       token, items);
  }

  std::string Event(const Asked& asked, const std::string& type, const Message& object) const {
    if (!(asked.wants_protobuf && options.speaks_protobuf)) {
      return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, Json(object));
    }
    const std::string frame = Field(1, type) + Field(2, Field(1, Envelope(Octets(object))));
    std::string size;
    for (int i = 3; i >= 0; --i) size += static_cast<char>(frame.size() >> (8 * i) & 0xff);
    return size + frame;
  }

  std::string Bookmark(const Asked& asked, uint64_t at, bool ends_initial_events) const {
    k8s::core::v1::Namespace object;
    object.mutable_metadata()->set_resource_version(std::to_string(at));
    if (ends_initial_events) (*object.mutable_metadata()->mutable_annotations())["k8s.io/initial-events-end"] = "true";
    return Event(asked, "BOOKMARK", object);
  }

  template <typename Stream>
  asio::awaitable<bool> WriteChunk(Stream* stream, std::string text) {
    if (text.empty()) co_return true;
    co_return co_await Write(stream, fmt::format("{:x}\r\n{}\r\n", text.size(), text));
  }

  template <typename Stream>
  asio::awaitable<bool> Watch(Stream* stream, tcp::socket* socket, Asked asked, std::optional<TestFault> fault) {
    if (!co_await Write(stream, fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
                                            ContentType(asked, ";stream=watch")))) {
      co_return false;
    }
    const auto kind = fault ? fault->kind : TestFault::Kind::kStatus;
    asio::steady_timer timer(context);
    if (kind == TestFault::Kind::kMute) {
      timer.expires_after(std::chrono::hours(1));
      co_await timer.async_wait(kAwaitTuple);
      co_return false;
    }
    if (kind == TestFault::Kind::kEnd) co_return co_await Write(stream, "0\r\n\r\n");

    uint64_t at = 0;
    uint64_t life_now = 0;
    const bool has_position = absl::SimpleAtoi(asked.At("resourceVersion"), &at) && at > 0;
    std::string first;
    bool is_over = false;
    {
      absl::MutexLock lock(&mutex);
      life_now = life;
      if (kind == TestFault::Kind::kErrorEvent || (has_position && at < compacted)) {
        k8s::meta::v1::Status status;
        status.set_status("Failure");
        status.set_code(kind == TestFault::Kind::kErrorEvent ? fault->code : 410);
        status.set_reason(kind == TestFault::Kind::kErrorEvent ? fault->reason : "Expired");
        status.set_message("too old resource version, says the test");
        first = Event(asked, "ERROR", status);
        is_over = true;
      } else if (!has_position) {
        at = revision;
        for (const auto& [key, object] : At(asked.path, at)) first += Event(asked, "ADDED", *object);
        if (asked.At("sendInitialEvents") == "true") first += Bookmark(asked, at, true);
      }
    }
    if (kind == TestFault::Kind::kCut) {
      co_await WriteChunk(stream, first.substr(0, static_cast<size_t>(fault->code)));
      Reset(socket);
      co_return false;
    }
    if (!co_await WriteChunk(stream, first)) co_return false;
    int64_t timeout = 300;
    (void)absl::SimpleAtoi(asked.At("timeoutSeconds"), &timeout);
    const Clock::time_point end = Clock::now() + std::chrono::seconds(timeout);
    Clock::time_point last_bookmark = Clock::now();
    while (!is_over && Clock::now() < end) {
      std::string events;
      bool is_there = false;  // restored, a server may be behind what its client has seen
      {
        absl::MutexLock lock(&mutex);
        if (life != life_now) break;
        is_there = revision >= at;
        const uint64_t started_at = at;
        for (const Change& change : history) {
          if (change.revision <= started_at) continue;
          at = change.revision;
          if (change.collection != asked.path) continue;
          events += Event(asked, change.is_deletion ? "DELETED" : change.is_new ? "ADDED" : "MODIFIED", *change.object);
        }
      }
      const bool is_due = is_there && options.bookmark_interval.count() > 0 &&
                          asked.At("allowWatchBookmarks") == "true" &&
                          Clock::now() - last_bookmark > options.bookmark_interval;
      if (is_due) {
        events += Bookmark(asked, at, false);
        last_bookmark = Clock::now();
      }
      if (!co_await WriteChunk(stream, events)) co_return false;
      timer.expires_after(kLook);
      co_await timer.async_wait(kAwaitTuple);
      if (!socket->is_open()) co_return false;
    }
    co_return co_await Write(stream, "0\r\n\r\n");
  }

  std::optional<TestFault> TakeFault(const std::string& target) {
    absl::MutexLock lock(&mutex);
    for (auto fault = faults.begin(); fault != faults.end(); ++fault) {
      if (target.find(fault->target) == std::string::npos) continue;
      TestFault taken = *fault;
      if (fault->times > 0 && --fault->times == 0) faults.erase(fault);
      return taken;
    }
    return std::nullopt;
  }

  uint64_t Commit(Change change) {
    absl::MutexLock lock(&mutex);
    change.revision = ++revision;
    auto& objects = current[change.collection];
    const auto before = objects.find(change.key);
    change.is_new = before == objects.end();
    if (change.is_deletion && change.is_new) return revision;
    std::shared_ptr<Message> object(change.is_deletion ? before->second->New() : change.object->New());
    object->CopyFrom(change.is_deletion ? *before->second : *change.object);
    const google::protobuf::FieldDescriptor* metadata = object->GetDescriptor()->FindFieldByName("metadata");
    static_cast<k8s::meta::v1::ObjectMeta*>(object->GetReflection()->MutableMessage(object.get(), metadata))
        ->set_resource_version(std::to_string(revision));
    change.object = std::move(object);
    if (change.is_deletion) {
      objects.erase(before);
    } else {
      objects[change.key] = change.object;
    }
    history.push_back(std::move(change));
    return revision;
  }

  TestServerOptions options;  // its token changes, under the lock
  asio::io_context context{1};
  asio::ssl::context tls{asio::ssl::context::tls_server};
  tcp::acceptor acceptor;
  uint16_t port = 0;
  std::set<tcp::socket*> sockets;  // of the thread

  mutable absl::Mutex mutex;
  uint64_t revision ABSL_GUARDED_BY(mutex) = 100;
  uint64_t compacted ABSL_GUARDED_BY(mutex) = 0;
  uint64_t life ABSL_GUARDED_BY(mutex) = 0;                       // counts restores, which end all watches
  std::map<std::string, Objects> current ABSL_GUARDED_BY(mutex);  // by collection
  std::vector<Change> history ABSL_GUARDED_BY(mutex);
  std::vector<TestFault> faults ABSL_GUARDED_BY(mutex);
  std::vector<std::string> requests ABSL_GUARDED_BY(mutex);
  int connections ABSL_GUARDED_BY(mutex) = 0;
};

TestApiServer::TestApiServer(TestServerOptions options)
    : ca_(testing::MakeCa("test-ca")),
      state_(std::make_unique<State>(std::move(options), ca_)),
      thread_([this] { state_->context.run(); }) {}

TestApiServer::~TestApiServer() {
  state_->context.stop();
  thread_.join();
}

Access TestApiServer::access() const {
  Access access;
  access.is_tls = state_->options.is_tls;
  access.host = "127.0.0.1";
  access.port = state_->port;
  access.ca.text = ca_.certificate;
  absl::MutexLock lock(&state_->mutex);
  access.token.text = state_->options.token;
  return access;
}

uint16_t TestApiServer::port() const { return state_->port; }

uint64_t TestApiServer::Put(const std::string& collection, const Message& object) {
  const k8s::meta::v1::ObjectMeta& metadata = MetadataOf(object);
  std::shared_ptr<Message> copy(object.New());
  copy->CopyFrom(object);
  return state_->Commit({.revision = 0,
                         .collection = collection,
                         .key = metadata.namespace_() + "/" + metadata.name(),
                         .object = std::move(copy),
                         .is_deletion = false,
                         .is_new = false});
}

uint64_t TestApiServer::Delete(const std::string& collection, const std::string& namespace_name,
                               const std::string& name) {
  return state_->Commit({.revision = 0,
                         .collection = collection,
                         .key = namespace_name + "/" + name,
                         .object = nullptr,
                         .is_deletion = true,
                         .is_new = false});
}

uint64_t TestApiServer::revision() const {
  absl::MutexLock lock(&state_->mutex);
  return state_->revision;
}

void TestApiServer::Compact() {
  absl::MutexLock lock(&state_->mutex);
  state_->compacted = state_->revision;
}

void TestApiServer::Restore(uint64_t revision) {
  absl::MutexLock lock(&state_->mutex);
  std::erase_if(state_->history, [revision](const Change& change) { return change.revision > revision; });
  state_->revision = revision;
  for (auto& [collection, objects] : state_->current) objects = state_->At(collection, revision);
  ++state_->life;
}

void TestApiServer::Add(TestFault fault) {
  absl::MutexLock lock(&state_->mutex);
  state_->faults.push_back(std::move(fault));
}

void TestApiServer::ClearFaults() {
  absl::MutexLock lock(&state_->mutex);
  state_->faults.clear();
}

void TestApiServer::SetToken(std::string token) {
  absl::MutexLock lock(&state_->mutex);
  state_->options.token = std::move(token);
}

void TestApiServer::CutConnections() {
  asio::post(state_->context, [state = state_.get()] {
    for (tcp::socket* socket : state->sockets) State::Reset(socket);
  });
}

std::vector<std::string> TestApiServer::requests() const {
  absl::MutexLock lock(&state_->mutex);
  return state_->requests;
}

int TestApiServer::connections() const {
  absl::MutexLock lock(&state_->mutex);
  return state_->connections;
}

}  // namespace podnamed::kube
