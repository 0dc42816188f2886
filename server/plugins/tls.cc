#include "server/plugins/tls.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "server/base/log.h"

namespace podnamed::plugins {
namespace {

using config::ClientAuth;

std::vector<std::string> FilesOf(const config::TlsOptions& options) {
  std::vector<std::string> files = {options.certificate, options.key};
  if (!options.ca.empty()) files.push_back(options.ca);
  return files;
}

absl::StatusOr<std::shared_ptr<const net::TlsContext>> MakeContext(const config::TlsOptions& options,
                                                                   const FileWatch::Contents& contents) {
  const std::vector<std::string> files = FilesOf(options);
  std::vector<net::PemFile> pem;
  for (size_t i = 0; i < files.size(); ++i) {
    if (!contents[i].ok()) {
      return absl::Status(contents[i].status().code(),
                          fmt::format("{} cannot be read: {}", files[i], std::string(contents[i].status().message())));
    }
    pem.push_back({files[i], *contents[i]});
  }
  net::TlsOptions tls;
  tls.certificate = std::move(pem[0]);
  tls.key = std::move(pem[1]);
  if (pem.size() > 2) tls.authorities = std::move(pem[2]);
  const ClientAuth auth = options.client_auth;
  tls.asks = auth != ClientAuth::kNoCert;
  tls.requires_one = auth == ClientAuth::kRequire || auth == ClientAuth::kRequireAndVerify;
  tls.verifies = auth == ClientAuth::kVerifyIfGiven || auth == ClientAuth::kRequireAndVerify;
  return net::TlsContext::Make(tls);
}

}  // namespace

absl::StatusOr<std::unique_ptr<const TlsSource>> TlsSource::Make(const config::TlsOptions& options,
                                                                 absl::Duration interval, absl::Duration ticket_life) {
  std::unique_ptr<const TlsSource> source(new TlsSource(options, interval, ticket_life));  // its constructor is private
  if (!source->first_.ok()) return source->first_;
  return source;
}

TlsSource::TlsSource(config::TlsOptions options, absl::Duration interval, absl::Duration ticket_life)
    : options_(std::move(options)),
      ticket_life_(ticket_life),
      watch_(
          FilesOf(options_), interval, [this](const FileWatch::Contents& contents) { Read(contents); },
          [this] { RenewTicketKeys(); }) {}

void TlsSource::Read(const FileWatch::Contents& contents) {
  const bool is_first = contexts_.Current() == nullptr;
  absl::StatusOr<std::shared_ptr<const net::TlsContext>> context = MakeContext(options_, contents);
  if (context.ok()) {
    contents_ = contents;
    Publish(*std::move(context));
    if (!is_first) base::LogInfo("plugin/tls", "{}: new connections get the new certificate", options_.certificate);
  } else if (is_first) {
    first_ = absl::Status(context.status().code(),
                          fmt::format("{}: tls: {}", options_.place, std::string(context.status().message())));
  } else {
    base::LogError("plugin/tls", "{}; the certificate before it stays", std::string(context.status().message()));
  }
}

// Each context has keys of its own.
void TlsSource::RenewTicketKeys() {
  if (absl::Now() - made_ >= ticket_life_) {
    absl::StatusOr<std::shared_ptr<const net::TlsContext>> context = MakeContext(options_, contents_);
    if (context.ok()) Publish(*std::move(context));
  }
  contexts_.Reclaim();
}

void TlsSource::Publish(std::shared_ptr<const net::TlsContext> context) {
  made_ = absl::Now();
  contexts_.Publish(std::move(context));
}

}  // namespace podnamed::plugins
