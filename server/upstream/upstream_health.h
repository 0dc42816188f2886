// Whether one upstream is worth asking. It is believed well until it fails: then somebody must probe it, again and
// again, until it replies; when more than `max_fails` probes in a row have failed, and until one succeeds, it is down.
// So does CoreDNS (plugin/pkg/proxy). What replies and is of no use counts too: an upstream that answers SERVFAIL or
// REFUSED, or what is no reply, kUselessLimit times in a row while others answer, is as good as down until a probe
// finds it mended. Pure; one thread.
#pragma once

namespace podnamed::upstream {

class UpstreamHealth {
 public:
  // A zone that is broken, or a name that fails validation, makes every upstream say SERVFAIL: one useless reply says
  // nothing of the upstream, and this many say it in vain only if no other question is asked meanwhile.
  static constexpr int kUselessLimit = 16;

  // `max_fails` 0: never down.
  explicit UpstreamHealth(int max_fails) : max_fails_(max_fails) {}

  bool is_down() const { return max_fails_ > 0 && (fails_ > max_fails_ || is_useless()); }
  // Replies, but what it replies is of no use: only a probe's reply that is of use mends it.
  bool is_useless() const { return useless_ >= kUselessLimit; }

  // A question got no reply. True if probing is to begin.
  bool OnNoReply() { return BeginProbing(); }
  // It got a reply of use.
  void OnReply() { useless_ = 0; }
  // It got one of no use, and another upstream had one of use. True if probing is to begin.
  bool OnUselessReply() { return ++useless_ >= kUselessLimit && BeginProbing(); }

  // What a probe found; probing ends with the first success.
  void OnProbeFailed() { ++fails_; }
  void OnProbeSucceeded() {
    fails_ = 0;
    useless_ = 0;
    is_probed_ = false;
  }

 private:
  bool BeginProbing() {
    if (max_fails_ == 0 || is_probed_) return false;
    is_probed_ = true;
    return true;
  }

  int max_fails_;
  int fails_ = 0;  // of probes, in a row
  int useless_ = 0;
  bool is_probed_ = false;
};

}  // namespace podnamed::upstream
