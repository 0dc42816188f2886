// A subscriber for tests, written from feed.proto alone: it shares no code with the service that it checks. It keeps
// the state that it was sent and finds every breach of the protocol on the way a test failure. One thread.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "absl/time/time.h"
#include "proto/podnamed/feed/v1/feed.grpc.pb.h"

namespace podnamed::controller {

class TestSubscriber {
 public:
  // Every test ends within `patience`, whatever the service does.
  explicit TestSubscriber(const std::shared_ptr<grpc::Channel>& channel, absl::Duration patience = absl::Seconds(60));
  ~TestSubscriber();

  // kind, namespace, service, name
  using Key = std::tuple<int, std::string, std::string, std::string>;
  static Key KeyOf(const feed::v1::Record& record);
  // Key to encoded record.
  using State = std::map<Key, std::string>;

  void Hello(std::optional<feed::v1::Position> resume = std::nullopt, const std::string& node = "test");
  void Ack(uint64_t revision);
  void Send(const feed::v1::SubscribeRequest& request) { stream_->Write(request); }

  // Reads one message, checks it and takes it in; std::nullopt at the end of the stream.
  std::optional<feed::v1::SubscribeResponse> Read();
  // Reads until the state is at `revision`; false if the stream ends before.
  bool ReadUntil(uint64_t revision);

  // Reads on to the end of the stream: how it ended.
  grpc::Status Finish();
  // Hangs up.
  void Cancel() { context_.TryCancel(); }

  const State& state() const { return state_; }
  feed::v1::Position position() const;
  feed::v1::Mode mode() const { return mode_; }
  int snapshots() const { return snapshots_; }    // whole ones so far
  int batches() const { return batches_; }        // since the last snapshot
  int progresses() const { return progresses_; }  // so far
  uint64_t octets() const { return octets_; }     // so far

 private:
  void TakeIn(const feed::v1::SubscribeResponse& response);
  void TakeIn(const feed::v1::SnapshotPart& part);
  void TakeIn(const feed::v1::SnapshotEnd& end);
  void TakeIn(const feed::v1::Batch& batch);

  const std::unique_ptr<feed::v1::Feed::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<feed::v1::SubscribeRequest, feed::v1::SubscribeResponse>> stream_;

  bool welcomed_ = false;
  feed::v1::Mode mode_ = feed::v1::MODE_UNSPECIFIED;
  std::string epoch_;
  bool placed_ = false;  // a snapshot has come, or the stream resumes
  uint64_t revision_ = 0;
  State state_;
  bool in_snapshot_ = false;
  uint64_t incoming_revision_ = 0;
  State incoming_;
  std::string digested_;  // what the digest of the incoming snapshot is over
  int snapshots_ = 0;
  int batches_ = 0;
  int progresses_ = 0;
  uint64_t octets_ = 0;
};

}  // namespace podnamed::controller
