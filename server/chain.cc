#include "server/chain.h"

#include "server/plugins/kubernetes.h"

namespace podnamed {

plugins::PluginChain MakeChain(const Block& block) {
  plugins::PluginChain chain;
  if (block.resolver) chain.push_back(std::make_unique<plugins::Kubernetes>(*block.resolver, *block.holder));
  return chain;
}

}  // namespace podnamed
