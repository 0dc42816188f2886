// `minimal`: positive replies have an answer and nothing else.
#pragma once

#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class Minimal : public Plugin {
 public:
  Next OnQuery(Exchange&) override { return Next::kPass; }
  // What a negative reply or a referral means is in the authority section: those stay.
  void OnReply(Exchange& exchange) override {
    if (exchange.rcode != dns::Rcode::kNoError || exchange.answer.answer.empty()) return;
    exchange.answer.authority.clear();
    exchange.answer.additional.clear();
  }
};

}  // namespace podnamed::plugins
