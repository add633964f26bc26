// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lab as a test sees it: sites, hosts and what runs on them, so that a test reads like the sentence it proves:
//
//   Lab lab(two_sites());
//   lab.start();
//   auto server = lab.host("b.h1").serve_page(80, "hello");
//   EXPECT_EQ(lab.host("a.h1").run("curl -s http://10.0.32.2/").out, "hello\n");
//
// Each Lab is laid out by tests/lab/lab (see there for topologies and steps) and taken away by its destructor; should the
// test program die, the lab's watchdog takes it away. Several may exist at once, in one program or many.
// Commands are shell commands; each has a deadline. Needs root.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "process.h"

namespace dvpn::lab {

/// A namespace of the lab: a host, a gateway, or the WAN.
class Host {
 public:
  Host(std::string lab, std::string name) : lab_(std::move(lab)), name_(std::move(name)) {}
  /// Runs a shell command to its end, or to the deadline. Blocks.
  Result run(const std::string& command, Duration deadline = 30s) const;
  Process start(const std::string& command) const;
  /// A web server of one page, the text and a newline, on the port, for either family; without a text, the page is the
  /// client's address as socat writes it. Ready on return.
  Process serve_page(int port, const std::string& text) const;
  /// One end of TCP connections that follows the steps (tests/lab/lib/peer): a server of many, ready on return, or a client.
  Process serve(int port, const std::string& steps) const;
  Result talk(const std::string& address, int port, const std::string& steps, Duration deadline = 30s) const;
  /// Whether a TCP server listens on the port here.
  bool listens(int port) const;
  const std::string& name() const { return name_; }

 private:
  std::vector<std::string> in_namespace(const std::string& command) const;
  std::string lab_, name_;
};

class Site {
 public:
  Site(std::string lab, std::string name) : lab_(std::move(lab)), name_(std::move(name)) {}
  Host gateway() const { return {lab_, name_ + ".gw"}; }
  Host host(int number) const { return {lab_, name_ + ".h" + std::to_string(number)}; }
  /// A file or folder of the site: path("etc/hosts"), path("gaol").
  std::string path(const std::string& below) const { return "/run/dvpn-lab/" + lab_ + "/" + name_ + "/" + below; }
  /// What a program has logged so far: log("dvpnd"), log("relay"), log("sshd").
  std::string log(const std::string& program) const;
  std::string read(const std::string& below) const;
  /// The process that `lab` started last here as "dvpnd", "dvpn-relay" or "sshd"; 0 if it runs no more.
  pid_t pid(const std::string& program) const;
  /// Writes in place, so that a file bound into a namespace changes there as well.
  void write(const std::string& below, const std::string& text) const;

 private:
  std::string lab_, name_;
};

class Lab {
 public:
  /// Lays out the network. Throws std::runtime_error, with what the script said, when that fails.
  explicit Lab(const std::string& topology);
  ~Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  /// A step of the script for the sites named, or all: step("install"), step("sshd"), step("relay", {"b"}). Throws like the constructor.
  void step(const std::string& name, const std::vector<std::string>& sites = {});
  /// All steps: installs everything and starts sshd, rules, relay and daemon at every site.
  void start() { step("start"); }
  Site site(const std::string& name) const { return {id_, name}; }
  Host host(const std::string& name) const { return {id_, name}; }
  Host wan() const { return host("wan"); }
  const std::string& id() const { return id_; }
  /// Takes it away now; the destructor then has nothing to do.
  void down();

 private:
  std::string id_;
};

/// What all tests of a program share, most often a lab: it is there before the first of them, and gone after the last. Several are made
/// in the order in which they stand, and go in the other.
///   Shared<Lab> lab([] {
///     lab.make(two_sites());
///     lab->start();
///   });
template <typename Scene>
class Shared {
 public:
  explicit Shared(std::function<void()> set_up) { testing::AddGlobalTestEnvironment(new Keeper(*this, std::move(set_up))); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  template <typename... Arguments>
  void make(Arguments&&... arguments) {
    scene_ = std::make_unique<Scene>(std::forward<Arguments>(arguments)...);
  }
  Scene& operator*() const { return *scene_; }
  Scene* operator->() const { return scene_.get(); }

 private:
  class Keeper : public testing::Environment {
   public:
    Keeper(Shared& shared, std::function<void()> set_up) : shared_(shared), set_up_(std::move(set_up)) {}
    void SetUp() override { set_up_(); }
    void TearDown() override { shared_.scene_.reset(); }

   private:
    Shared& shared_;
    std::function<void()> set_up_;
  };
  std::unique_ptr<Scene> scene_;
};

/// Two sites a and b, two hosts each, IPv4 and IPv6; `links` may add link lines.
std::string two_sites(const std::string& links = "");

/// The source folder, and the script tests/lab/lab in it.
std::string source_folder();
/// Runs a shell command outside every namespace.
Result run_here(const std::string& command, Duration deadline = 30s);

}  // namespace dvpn::lab
