#include "fuzz/libc_reply.h"

#include <arpa/nameser.h>

#include <array>
#include <cstdlib>

#include "server/dns/name.h"

namespace podnamed::fuzz {
namespace {

using WireName = std::array<unsigned char, NS_MAXCDNAME>;

void Require(bool holds) {
  if (!holds) std::abort();
}

std::string Folded(const WireName& name) {
  size_t size = 0;
  while (name[size] != 0) size += name[size] + 1U;
  return std::string(dns::Name::FromWire({reinterpret_cast<const char*>(name.data()), size + 1}).Folded().wire());
}

// The name at `at`, which is moved behind it.
std::string ReadName(const ns_msg& message, const unsigned char*& at) {
  WireName name;
  const int length = ns_name_unpack(ns_msg_base(message), ns_msg_end(message), at, name.data(), name.size());
  Require(length > 0);
  at += length;
  return Folded(name);
}

std::string ReadOctets(const unsigned char*& at, size_t count) {
  std::string octets(reinterpret_cast<const char*>(at), count);
  at += count;
  return octets;
}

void ReadRdata(const ns_msg& message, const ns_rr& record, LibcRecord& read) {
  const unsigned char* at = ns_rr_rdata(record);
  const unsigned char* const end = at + ns_rr_rdlen(record);
  switch (ns_rr_type(record)) {
    case ns_t_ns:
    case ns_t_cname:
    case ns_t_ptr:
      read.rdata = read.target = ReadName(message, at);
      break;
    case ns_t_srv: {
      Require(end - at > NS_INT16SZ * 3);
      read.rdata = ReadOctets(at, NS_INT16SZ * 3);
      const unsigned char* const target = at;
      read.target = ReadName(message, at);
      Require(static_cast<size_t>(at - target) == read.target.size());  // not compressed (RFC 2782)
      read.rdata += read.target;
      break;
    }
    case ns_t_soa:
      read.rdata = ReadName(message, at);
      read.rdata += ReadName(message, at);
      Require(end - at == NS_INT32SZ * 5);
      read.rdata += ReadOctets(at, NS_INT32SZ * 5);
      break;
    case ns_t_a:
      Require(end - at == NS_INADDRSZ);
      read.rdata = ReadOctets(at, NS_INADDRSZ);
      break;
    case ns_t_aaaa:
      Require(end - at == NS_IN6ADDRSZ);
      read.rdata = ReadOctets(at, NS_IN6ADDRSZ);
      break;
    default:
      read.rdata = ReadOctets(at, static_cast<size_t>(end - at));
      break;
  }
  Require(at == end);
}

std::vector<LibcRecord> ReadSection(ns_msg& message, ns_sect section) {
  std::vector<LibcRecord> records;
  for (int i = 0; i < ns_msg_count(message, section); ++i) {
    ns_rr record;
    Require(ns_parserr(&message, section, i, &record) == 0);
    LibcRecord& read = records.emplace_back();
    WireName owner;
    Require(ns_name_pton(ns_rr_name(record), owner.data(), owner.size()) >= 0);
    read.owner = Folded(owner);
    read.type = static_cast<uint16_t>(ns_rr_type(record));
    read.record_class = static_cast<uint16_t>(ns_rr_class(record));
    read.ttl = static_cast<uint32_t>(ns_rr_ttl(record));
    if (section != ns_s_qd) ReadRdata(message, record, read);
  }
  return records;
}

}  // namespace

LibcReply ReadWithLibc(absl::Span<const uint8_t> octets) {
  ns_msg message;
  Require(ns_initparse(octets.data(), static_cast<int>(octets.size()), &message) == 0);
  LibcReply reply;
  reply.id = ns_msg_id(message);
  reply.flags = static_cast<uint16_t>(octets[2] << 8 | octets[3]);
  reply.questions = ReadSection(message, ns_s_qd);
  reply.answer = ReadSection(message, ns_s_an);
  reply.authority = ReadSection(message, ns_s_ns);
  reply.additional = ReadSection(message, ns_s_ar);
  return reply;
}

}  // namespace podnamed::fuzz
