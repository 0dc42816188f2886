// What an Access has to show at this moment: its files are read anew each time, for a service account's token changes
// every hour and certificates are renewed under our feet; an exec plugin is run again when what it gave has expired or
// was refused. One thread: that of the coroutines that read.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "controller/kube/access.h"
#include "controller/kube/exec_credential.h"

namespace podnamed::kube {

struct Credentials {
  std::string ca;  // PEM, as the next two; empty: the system's
  std::string certificate;
  std::string key;
  std::string token;  // goes into every request; the others belong to a connection
};

class CredentialsReader {
 public:
  explicit CredentialsReader(Access access) : access_(std::move(access)) {}

  // The error is one sentence, with the file or command that is to blame.
  boost::asio::awaitable<absl::StatusOr<Credentials>> Read();

  // The server does not take them: an exec plugin is asked again.
  void Refuse() { exec_.reset(); }

 private:
  const Access access_;
  std::optional<ExecCredential> exec_;  // what the plugin gave last
};

}  // namespace podnamed::kube
