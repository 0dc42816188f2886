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

#include <chrono>

namespace podnamed::upstream {

class LetterMemory {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr int kUnsettledLimit = 3;
  static constexpr std::chrono::minutes kForgetAfter{10};

  bool KeepsLetters(Clock::time_point now) const { return now >= folds_until_; }

  // A reply over UDP had the mixed letters.
  void OnKept() { unsettled_ = 0; }
  // The question was asked by TCP, because of other letters over UDP, and they came back otherwise there as well.
  void OnFoldedByTcp(Clock::time_point now) { Remember(now); }
  // Neither by TCP could be found out whose letters they were. True if that was once too often.
  bool OnUnsettled(Clock::time_point now) {
    if (++unsettled_ < kUnsettledLimit) return false;
    Remember(now);
    return true;
  }

 private:
  void Remember(Clock::time_point now) {
    unsettled_ = 0;
    folds_until_ = now + kForgetAfter;
  }

  int unsettled_ = 0;
  Clock::time_point folds_until_ = Clock::time_point::min();
};

}  // namespace podnamed::upstream
