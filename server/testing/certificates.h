// Certificates made at test time, in PEM.
#pragma once

#include <string>

namespace podnamed::testing {

struct Certificate {
  std::string certificate;
  std::string key;
};

// Signs itself.
Certificate MakeCa(const std::string& name);
// For these subject alternative names: "DNS:dns.example,IP:127.0.0.1". Valid for a day that began `age_days` days ago.
Certificate MakeCertificate(const Certificate& ca, const std::string& name, const std::string& alternatives,
                            int age_days = 0);

// Two files in the test's temporary directory.
struct CertificateFiles {
  std::string certificate_file;
  std::string key_file;
};
CertificateFiles Write(const Certificate& certificate);

}  // namespace podnamed::testing
