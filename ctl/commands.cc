#include "ctl/commands.h"

#include <fmt/format.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/sync_stream.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "ctl/output.h"
#include "proto/podnamed/inspect/v1/inspect.grpc.pb.h"
#include "server/base/signals.h"

namespace podnamed::ctl {
namespace {

namespace v1 = inspect::v1;

constexpr std::chrono::milliseconds kLookout(100);

std::chrono::system_clock::time_point DeadlineOf(const Invocation& invocation) {
  return std::chrono::system_clock::now() + std::chrono::nanoseconds(absl::ToInt64Nanoseconds(invocation.timeout));
}

std::shared_ptr<grpc::Channel> Connect(const base::ListenAddress& server) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(server.GrpcUri(), grpc::InsecureChannelCredentials(), arguments);
}

ExitCode Fail(const Invocation& invocation, const grpc::Status& status) {
  std::string message = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE: {
      // gRPC's own words in front of the reason help nobody.
      constexpr std::string_view kLastError = "last error: ";
      const size_t reason = message.find(kLastError);
      message = reason == std::string::npos ? fmt::format("podnamed at {}: {}", invocation.server.text, message)
                                            : fmt::format("cannot reach podnamed at {}: {}", invocation.server.text,
                                                          message.substr(reason + kLastError.size()));
      break;
    }
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      message =
          fmt::format("no answer from {} within {}", invocation.server.text, absl::FormatDuration(invocation.timeout));
      break;
    default:
      if (message.empty()) message = fmt::format("{} refused, without a word why", invocation.server.text);
      break;
  }
  std::cerr << kProgram << ": " << message << "\n";
  return kFailure;
}

class Run {
 public:
  explicit Run(const Invocation& invocation)
      : invocation_(invocation), stub_(v1::Inspect::NewStub(Connect(invocation.server))) {}

  ExitCode Status() {
    v1::StatusResponse response;
    const grpc::Status status = stub_->Status(Context(), {}, &response);
    return status.ok() ? Print(response) : Fail(invocation_, status);
  }

  ExitCode Release() {
    v1::ReleaseRequest request;
    request.set_source(invocation_.source);
    v1::ReleaseResponse response;
    const grpc::Status status = stub_->Release(Context(), request, &response);
    return status.ok() ? Print(response) : Fail(invocation_, status);
  }

  ExitCode Lookup() {
    v1::LookupRequest request;
    request.set_name(invocation_.arguments[0]);
    if (invocation_.arguments.size() > 1) request.set_type(invocation_.arguments[1]);
    request.set_as(invocation_.as);
    v1::LookupResponse response;
    const grpc::Status status = stub_->Lookup(Context(), request, &response);
    if (!status.ok()) return Fail(invocation_, status);
    const ExitCode printed = Print(response);
    return printed == kOk && !Resolves(response) ? kDoesNotResolve : printed;
  }

  ExitCode Explain() {
    v1::ExplainRequest request;
    request.set_name(invocation_.arguments[0]);
    request.set_as(invocation_.as);
    v1::ExplainResponse response;
    const grpc::Status status = stub_->Explain(Context(), request, &response);
    if (!status.ok()) return Fail(invocation_, status);
    const ExitCode printed = Print(response);
    return printed == kOk && !response.resolves() ? kDoesNotResolve : printed;
  }

  ExitCode List() {
    v1::ListRequest request;
    if (invocation_.arguments.size() > 1) request.set_namespace_(invocation_.arguments[1]);
    request.set_source(invocation_.source);
    if (invocation_.arguments[0] == "pods") return ReadList<v1::ListPodsResponse>(stub_->ListPods(Context(), request));
    return ReadList<v1::ListServicesResponse>(stub_->ListServices(Context(), request));
  }

  ExitCode Watch();

 private:
  // Of a call that has to end in time.
  grpc::ClientContext* Context() {
    context_.set_deadline(DeadlineOf(invocation_));
    return &context_;
  }

  template <typename Response>
  ExitCode ReadList(std::unique_ptr<grpc::ClientReader<Response>> reader) {
    Response all;
    Response piece;
    while (reader->Read(&piece)) all.MergeFrom(piece);
    const grpc::Status status = reader->Finish();
    return status.ok() ? Print(all) : Fail(invocation_, status);
  }

  template <typename Response>
  ExitCode Print(const Response& response, Layout layout = Layout::kLines) {
    std::cout << (invocation_.json ? ToJson(response, layout) : ToText(response)) << std::flush;
    return std::cout ? kOk : kFailure;
  }

  const Invocation& invocation_;
  const std::unique_ptr<v1::Inspect::Stub> stub_;
  grpc::ClientContext context_;
};

// Ends when the server does, the reader of our output does, or a signal comes.
ExitCode Run::Watch() {
  v1::WatchRequest request;
  if (!invocation_.arguments.empty()) request.set_name(invocation_.arguments[0]);
  enum class End { kNone, kSignal, kSilence };
  std::atomic<End> end = End::kNone;
  std::atomic<bool> has_begun = false;
  std::atomic<bool> over = false;
  std::thread lookout([&] {
    const auto deadline = DeadlineOf(invocation_);
    while (!over) {
      if (base::StopSignalComesWithin(kLookout)) {
        if (end == End::kSignal) std::_Exit(kFailure);  // nobody takes our output: not even the first one was heard
        end = End::kSignal;
      } else if (end == End::kNone && !has_begun && std::chrono::system_clock::now() > deadline) {
        end = End::kSilence;
      }
      if (end != End::kNone) context_.TryCancel();
    }
  });
  // This waits, too, for a server that takes the connection and then says nothing.
  const std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader = stub_->Watch(&context_, request);
  v1::WatchResponse response;
  bool printed = true;
  while (printed && reader->Read(&response)) {
    has_begun = true;
    printed = Print(response, Layout::kOneLine) == kOk;
  }
  if (!printed) context_.TryCancel();
  grpc::Status status = reader->Finish();
  over = true;
  lookout.join();
  if (end == End::kSignal) return kOk;
  if (!printed) return kFailure;
  if (end == End::kSilence) status = {grpc::StatusCode::DEADLINE_EXCEEDED, ""};
  if (status.ok()) status = {grpc::StatusCode::ABORTED, "the server ended the watch"};
  return Fail(invocation_, status);
}

}  // namespace

ExitCode RunCommand(const Invocation& invocation) {
  Run run(invocation);
  const std::string_view name = invocation.command->name;
  if (name == "status") return run.Status();
  if (name == "lookup") return run.Lookup();
  if (name == "explain") return run.Explain();
  if (name == "list") return run.List();
  if (name == "release") return run.Release();
  return run.Watch();
}

}  // namespace podnamed::ctl
