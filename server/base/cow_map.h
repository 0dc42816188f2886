// A hash map whose copies share what they have in common: copying is one counter, changing a copy rebuilds the handful
// of nodes on the way to the entry (a compressed hash-array mapped prefix trie: Steindorfer and Vinju, OOPSLA 2015).
// The cost of a change does not grow with the map, beyond the trie's depth: three nodes at 10,000 entries, four at a
// million. A node that no copy shares is changed in place, so filling a fresh map costs no copies.
//
// Threads: one thread makes, copies, changes and destroys all maps that share nodes (the counters are plain integers).
// Any thread may call Find and ForEachWithHash, and approach an entry, on a map that it was handed and that nobody
// changes.
//
// Entry is nothrow-movable and copyable. Traits says what an entry's key is:
//   static uint64_t Hash(const Entry&);                     the same for equal keys; well mixed in every bit
//   static bool Equal(const Entry&, const Key&);            one overload a key type
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "server/base/prefetch.h"

namespace podnamed::base {

template <typename Entry, typename Traits>
class CowMap {
 public:
  CowMap() = default;
  CowMap(const CowMap& other) : root_(Share(other.root_)), size_(other.size_) {}
  CowMap(CowMap&& other) noexcept : root_(std::exchange(other.root_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  CowMap& operator=(CowMap other) noexcept {
    std::swap(root_, other.root_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~CowMap() { Release(root_); }

  size_t size() const { return size_; }

  // The entry of `key`, whose hash is `hash`, or nullptr. Lives until the map is changed or destroyed.
  template <typename Key>
  const Entry* Find(uint64_t hash, const Key& key) const {
    const Entry* found = nullptr;
    ForEachWithHash(hash, [&](const Entry& entry) {
      if (found == nullptr && Traits::Equal(entry, key)) found = &entry;
    });
    return found;
  }

  // Calls visit(entry) for every entry whose hash is `hash` (and, rarely, one whose hash only begins like it).
  template <typename Visit>
  void ForEachWithHash(uint64_t hash, Visit visit) const {
    const Node* node = root_;
    for (unsigned shift = 0; node != nullptr; shift += kBits) {
      if (shift >= kHashBits) {
        for (uint32_t i = 0; i < node->entry_count(); ++i) visit(node->entry(i));
        return;
      }
      const uint32_t bit = BitAt(hash, shift);
      if ((node->entry_bits & bit) != 0) {
        visit(node->entry(IndexOf(node->entry_bits, bit)));
        return;
      }
      if ((node->child_bits & bit) == 0) return;
      node = node->child(IndexOf(node->child_bits, bit));
    }
  }

  // Find in steps, for those who look up many entries and would wait for memory at each: a step reads what the one
  // before it has asked for (server/base/prefetch.h), and asks for what comes next. The map stays as it is meanwhile.
  class Approach;

  // Calls visit(entry) for every entry, in no promised order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    ForEachBelow(root_, visit);
  }

  // Calls gone(entry) for each entry of `before` that this map has not, and come(entry) for each of this map that
  // `before` has not; same(a, b) says which two entries are one. What the two share is passed over unseen, so the cost
  // follows the difference.
  template <typename Same, typename Gone, typename Come>
  void Compare(const CowMap& before, Same same, Gone gone, Come come) const {
    CompareBelow(before.root_, root_, same, gone, come);
  }

  // Inserts `entry`, or puts it in the place of the one with the equal key. Key is what Traits::Equal takes.
  template <typename Key>
  void Put(const Key& key, Entry entry) {
    const uint64_t hash = Traits::Hash(entry);
    root_ = PutBelow(root_ == nullptr ? Allocate(0, 0, 0) : root_, 0, hash, key, std::move(entry));
  }

  // Removes the entry of `key`; false if there is none.
  template <typename Key>
  bool Erase(uint64_t hash, const Key& key) {
    if (Find(hash, key) == nullptr) return false;
    root_ = EraseBelow(root_, 0, hash, key);
    --size_;
    if (root_->entry_count() == 0 && root_->child_bits == 0) Release(std::exchange(root_, nullptr));
    return true;
  }

 private:
  static constexpr unsigned kBits = 5;  // 32 branches a node
  static constexpr unsigned kHashBits = 64;

  // How many bits are set. std::popcount is a call into libgcc where the processor need not have an instruction for it.
  static constexpr uint32_t Count(uint32_t bits) {
    bits -= bits >> 1 & 0x55555555;
    bits = (bits & 0x33333333) + (bits >> 2 & 0x33333333);
    return ((bits + (bits >> 4)) & 0x0F0F0F0F) * 0x01010101 >> 24;
  }

  // One allocation: the header, the children, the entries. Below the last level of the hash a node has no branches and
  // simply lists the entries whose hashes are equal.
  struct Node {
    uint32_t references;
    uint32_t entry_bits;  // branches that hold an entry
    uint32_t child_bits;  // branches that hold a node; never both
    uint32_t listed;      // entries without branches

    uint32_t entry_count() const { return listed + Count(entry_bits); }
    uint32_t child_count() const { return Count(child_bits); }
    Node** children() { return std::launder(reinterpret_cast<Node**>(this + 1)); }
    Node* child(uint32_t i) const { return const_cast<Node*>(this)->children()[i]; }
    Entry* entries() { return std::launder(reinterpret_cast<Entry*>(children() + child_count())); }
    const Entry& entry(uint32_t i) const { return const_cast<Node*>(this)->entries()[i]; }
  };
  static_assert(sizeof(Node) % alignof(Node*) == 0 && alignof(Entry) <= alignof(Node*));

  static uint32_t BitAt(uint64_t hash, unsigned shift) { return uint32_t{1} << ((hash >> shift) & 31U); }
  static uint32_t IndexOf(uint32_t bits, uint32_t bit) { return Count(bits & (bit - 1)); }

  static Node* Share(Node* node) {
    if (node != nullptr) ++node->references;
    return node;
  }

  static const Node* ChildAt(const Node* node, uint32_t bit) {
    return (node->child_bits & bit) == 0 ? nullptr : node->child(IndexOf(node->child_bits, bit));
  }
  static const Entry* EntryAt(const Node* node, uint32_t bit) {
    return (node->entry_bits & bit) == 0 ? nullptr : &node->entry(IndexOf(node->entry_bits, bit));
  }

  template <typename Visit>
  static void ForEachBelow(const Node* node, Visit& visit) {
    if (node == nullptr) return;
    for (uint32_t i = 0; i < node->entry_count(); ++i) visit(node->entry(i));
    for (uint32_t i = 0; i < node->child_count(); ++i) ForEachBelow(node->child(i), visit);
  }

  template <typename Same, typename Gone, typename Come>
  static void CompareBelow(const Node* before, const Node* after, Same& same, Gone& gone, Come& come) {
    if (before == after) return;
    if (before == nullptr) return ForEachBelow(after, come);
    if (after == nullptr) return ForEachBelow(before, gone);
    for (uint32_t i = 0; i < before->listed; ++i) CompareEntry(before->entry(i), after, same, gone);
    for (uint32_t i = 0; i < after->listed; ++i) CompareEntry(after->entry(i), before, same, come);
    uint32_t branches = before->entry_bits | before->child_bits | after->entry_bits | after->child_bits;
    for (; branches != 0; branches &= branches - 1) {
      const uint32_t bit = branches & (~branches + 1);
      const Node* const child_before = ChildAt(before, bit);
      const Node* const child_after = ChildAt(after, bit);
      if (child_before != nullptr && child_after != nullptr) {
        CompareBelow(child_before, child_after, same, gone, come);
        continue;
      }
      // On one side at most one entry: it may have moved down, or up, beside the entries that came, or went.
      CompareBranch(EntryAt(before, bit), child_before, EntryAt(after, bit), child_after, same, gone);
      CompareBranch(EntryAt(after, bit), child_after, EntryAt(before, bit), child_before, same, come);
    }
  }

  // Calls missing(entry) for each of one side's entries, a single one or those below `child`, that the other has not.
  template <typename Same, typename Missing>
  static void CompareBranch(const Entry* entry, const Node* child, const Entry* other_entry, const Node* other_child,
                            Same& same, Missing& missing) {
    const auto compare = [&](const Entry& one) {
      bool found = other_entry != nullptr && same(one, *other_entry);
      const auto look = [&](const Entry& other) { found = found || same(one, other); };
      if (!found) ForEachBelow(other_child, look);
      if (!found) missing(one);
    };
    if (entry != nullptr) compare(*entry);
    ForEachBelow(child, compare);
  }

  // The same for an entry and a node that lists its entries.
  template <typename Same, typename Missing>
  static void CompareEntry(const Entry& entry, const Node* other, Same& same, Missing& missing) {
    bool found = false;
    for (uint32_t i = 0; i < other->listed; ++i) found = found || same(entry, other->entry(i));
    if (!found) missing(entry);
  }

  // A node with one reference whose children and entries are not yet there.
  static Node* Allocate(uint32_t entry_bits, uint32_t child_bits, uint32_t listed) {
    const size_t children = Count(child_bits);
    const size_t entries = size_t{listed} + Count(entry_bits);
    void* memory = ::operator new(sizeof(Node) + children * sizeof(Node*) + entries * sizeof(Entry));
    return new (memory) Node{1, entry_bits, child_bits, listed};
  }

  static void Release(Node* node) {
    if (node == nullptr || --node->references != 0) return;
    for (uint32_t i = 0; i < node->child_count(); ++i) Release(node->child(i));
    DestroyEntries(node);
    ::operator delete(node);
  }

  static void DestroyEntries(Node* node) {
    for (uint32_t i = 0; i < node->entry_count(); ++i) node->entries()[i].~Entry();
  }

  // The functions below take over the caller's reference to `node` and return one to the node that replaces it.

  // A node of another shape that has taken from `node` every entry and child of the branches that both have. The slots
  // of branches that are new are raw memory, for the caller to fill. A child of a branch that falls away is the
  // caller's.
  static Node* Reshape(Node* node, uint32_t entry_bits, uint32_t child_bits) {
    Node* const shaped = Allocate(entry_bits, child_bits, 0);
    const bool unshared = node->references == 1;
    // Each child is going to be counted once more, and lies in a line of its own.
    for (uint32_t i = 0; !unshared && i < node->child_count(); ++i) Prefetch(node->child(i));
    for (uint32_t common = entry_bits & node->entry_bits; common != 0; common &= common - 1) {
      const uint32_t bit = common & (~common + 1);
      Entry& from = node->entries()[IndexOf(node->entry_bits, bit)];
      Entry* const to = shaped->entries() + IndexOf(entry_bits, bit);
      if (unshared) {
        new (to) Entry(std::move(from));
      } else {
        new (to) Entry(std::as_const(from));
      }
    }
    for (uint32_t common = child_bits & node->child_bits; common != 0; common &= common - 1) {
      const uint32_t bit = common & (~common + 1);
      Node* const child = node->child(IndexOf(node->child_bits, bit));
      shaped->children()[IndexOf(child_bits, bit)] = unshared ? child : Share(child);
    }
    if (unshared) {
      DestroyEntries(node);
      ::operator delete(node);
    } else {
      --node->references;
    }
    return shaped;
  }

  // The same for a node that lists entries: `listed` slots, those of `node` first, without the one at `skip`.
  static Node* Relist(Node* node, uint32_t listed, uint32_t skip) {
    Node* const shaped = Allocate(0, 0, listed);
    uint32_t to = 0;
    for (uint32_t i = 0; i < node->listed; ++i) {
      if (i != skip) new (shaped->entries() + to++) Entry(std::as_const(node->entries()[i]));
    }
    Release(node);
    return shaped;
  }

  static Node* Unshare(Node* node) {
    if (node->references == 1) return node;
    return node->listed != 0 ? Relist(node, node->listed, node->listed)
                             : Reshape(node, node->entry_bits, node->child_bits);
  }

  // Changes the child at `index` by change(child), which takes over and returns a reference.
  template <typename Change>
  static Node* ChangeChild(Node* node, uint32_t index, Change change) {
    node = Unshare(node);
    node->children()[index] = change(node->child(index));
    return node;
  }

  // A chain of nodes from `shift` down to where the two hashes part.
  static Node* MakePair(unsigned shift, uint64_t hash_a, Entry a, uint64_t hash_b, Entry b) {
    if (shift >= kHashBits) {
      Node* const list = Allocate(0, 0, 2);
      new (list->entries()) Entry(std::move(a));
      new (list->entries() + 1) Entry(std::move(b));
      return list;
    }
    const uint32_t bit_a = BitAt(hash_a, shift);
    const uint32_t bit_b = BitAt(hash_b, shift);
    if (bit_a == bit_b) {
      Node* const parent = Allocate(0, bit_a, 0);
      parent->children()[0] = MakePair(shift + kBits, hash_a, std::move(a), hash_b, std::move(b));
      return parent;
    }
    Node* const node = Allocate(bit_a | bit_b, 0, 0);
    new (node->entries() + IndexOf(node->entry_bits, bit_a)) Entry(std::move(a));
    new (node->entries() + IndexOf(node->entry_bits, bit_b)) Entry(std::move(b));
    return node;
  }

  template <typename Key>
  Node* PutBelow(Node* node, unsigned shift, uint64_t hash, const Key& key, Entry&& entry) {
    if (shift >= kHashBits) return PutListed(node, key, std::move(entry));
    const uint32_t bit = BitAt(hash, shift);
    if ((node->child_bits & bit) != 0) {
      return ChangeChild(node, IndexOf(node->child_bits, bit),
                         [&](Node* child) { return PutBelow(child, shift + kBits, hash, key, std::move(entry)); });
    }
    if ((node->entry_bits & bit) == 0) {
      Node* const grown = Reshape(node, node->entry_bits | bit, node->child_bits);
      new (grown->entries() + IndexOf(grown->entry_bits, bit)) Entry(std::move(entry));
      ++size_;
      return grown;
    }
    const uint32_t index = IndexOf(node->entry_bits, bit);
    if (Traits::Equal(node->entry(index), key)) {
      node = Unshare(node);
      node->entries()[index] = std::move(entry);
      return node;
    }
    // Two keys on one branch: both move one level down.
    Entry resident = node->entry(index);
    const uint64_t resident_hash = Traits::Hash(resident);
    Node* const branched = Reshape(node, node->entry_bits & ~bit, node->child_bits | bit);
    branched->children()[IndexOf(branched->child_bits, bit)] =
        MakePair(shift + kBits, resident_hash, std::move(resident), hash, std::move(entry));
    ++size_;
    return branched;
  }

  template <typename Key>
  Node* PutListed(Node* node, const Key& key, Entry&& entry) {
    for (uint32_t i = 0; i < node->listed; ++i) {
      if (Traits::Equal(node->entry(i), key)) {
        node = Unshare(node);
        node->entries()[i] = std::move(entry);
        return node;
      }
    }
    const uint32_t count = node->listed;
    Node* const grown = Relist(node, count + 1, count);
    new (grown->entries() + count) Entry(std::move(entry));
    ++size_;
    return grown;
  }

  // REQUIRES: the key is there.
  template <typename Key>
  static Node* EraseBelow(Node* node, unsigned shift, uint64_t hash, const Key& key) {
    if (shift >= kHashBits) {
      uint32_t i = 0;
      while (!Traits::Equal(node->entry(i), key)) ++i;
      return Relist(node, node->listed - 1, i);
    }
    const uint32_t bit = BitAt(hash, shift);
    if ((node->entry_bits & bit) != 0) return Reshape(node, node->entry_bits & ~bit, node->child_bits);
    node = ChangeChild(node, IndexOf(node->child_bits, bit),
                       [&](Node* child) { return EraseBelow(child, shift + kBits, hash, key); });
    Node* const child = node->child(IndexOf(node->child_bits, bit));
    if (child->child_bits != 0 || child->entry_count() != 1) return node;
    // A child with a single entry folds into its parent, so that equal maps have equal shapes.
    Entry last = child->entry(0);
    Node* const folded = Reshape(node, node->entry_bits | bit, node->child_bits & ~bit);
    new (folded->entries() + IndexOf(folded->entry_bits, bit)) Entry(std::move(last));
    Release(child);
    return folded;
  }

  Node* root_ = nullptr;
  size_t size_ = 0;
};

template <typename Entry, typename Traits>
class CowMap<Entry, Traits>::Approach {
 public:
  Approach() = default;
  // Takes the first two steps: a root is read so often that it is at hand.
  Approach(const CowMap& map, uint64_t hash) : hash_(hash), node_(map.root_) {
    if (Step()) Step();
  }

  // False at the end of the way.
  bool Step() {
    if (branch_ != nullptr) {
      node_ = *std::exchange(branch_, nullptr);
      Prefetch(node_);
      return true;
    }
    if (node_ == nullptr || shift_ >= kHashBits) return false;
    const uint32_t bit = BitAt(hash_, shift_);
    shift_ += kBits;
    if ((node_->entry_bits & bit) != 0) {
      entry_ = &node_->entry(IndexOf(node_->entry_bits, bit));
      Prefetch(entry_);
    } else if ((node_->child_bits & bit) != 0) {
      branch_ = const_cast<Node*>(node_)->children() + IndexOf(node_->child_bits, bit);
      Prefetch(branch_);
      return true;
    }
    node_ = nullptr;
    return false;
  }

  // At the end: the one entry to which the hash leads, though its own may be another; nullptr if there is none, or if
  // several have just this hash. Its octets have been asked for.
  const Entry* entry() const { return entry_; }

 private:
  uint64_t hash_ = 0;
  unsigned shift_ = 0;
  const Node* node_ = nullptr;     // to be read next,
  Node* const* branch_ = nullptr;  // unless this is
  const Entry* entry_ = nullptr;
};

}  // namespace podnamed::base
