// Whether one upstream gives a question's letters back as they were sent (0x20), so that they can tell its replies from
// forged ones. Nearly all do; a few fold them. Pure; one thread.
//
// A reply over UDP with other letters proves nothing about the upstream: it is also what somebody would send who
// guesses id and port and wants us to stop mixing. So the question is asked again by TCP, where nobody can answer in
// the upstream's place without seeing the packets, and only what that shows is remembered: letters folded there as well
// are the upstream's way. An upstream without TCP is believed after kUnsettledLimit such replies in a row with none
// between them that had its letters right: a forger who is to turn mixing off would have to guess id and port, some 30
// bits, that many times, and to be faster than the upstream each time. What is remembered is forgotten after
// kForgetAfter, because upstreams are mended and replaced.
#pragma once

#include <algorithm>
#include <chrono>

namespace podnamed::upstream {

class LetterMemory {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr int kUnsettledLimit = 3;
  static constexpr std::chrono::minutes kForgetAfter{10};
  static constexpr std::chrono::hours kForgetAtLast{24};

  bool KeepsLetters(Clock::time_point now) const { return now >= folds_until_; }

  // A reply over UDP had the mixed letters, some of them capitals.
  void OnKept() {
    unsettled_ = 0;
    forget_after_ = kForgetAfter;
  }
  // The question was asked by TCP, because of other letters over UDP, and they came back otherwise there as well. True
  // if that is news.
  bool OnFoldedByTcp(Clock::time_point now) { return Remember(now); }
  // Neither by TCP could be found out whose letters they were. True if that was once too often, and is news.
  bool OnUnsettled(Clock::time_point now) { return ++unsettled_ >= kUnsettledLimit && Remember(now); }

 private:
  bool Remember(Clock::time_point now) {
    unsettled_ = 0;
    if (!KeepsLetters(now)) return false;  // known already: a question that was under way meanwhile
    folds_until_ = now + forget_after_;
    forget_after_ = std::min<Clock::duration>(2 * forget_after_, kForgetAtLast);
    return true;
  }

  int unsettled_ = 0;
  Clock::duration forget_after_ = kForgetAfter;
  Clock::time_point folds_until_ = Clock::time_point::min();
};

}  // namespace podnamed::upstream
