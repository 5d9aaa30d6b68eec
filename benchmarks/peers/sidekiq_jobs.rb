# Sidekiq: with the argument `push` the producer, otherwise what its workers load.
require "hiredis"
require "sidekiq"
require "sidekiq/api"

REPORT = IO.for_fd(Integer(ENV.fetch("REPORT")), "w")
REPORT.sync = true
TEXT = "x" * 72 # with the number, of seven digits, 100 bytes of JSON
REDIS = { path: ENV.fetch("REDIS_SOCKET"), driver: :hiredis }.freeze
Redis.sadd_returns_boolean = false # or each bulk of this Sidekiq has a warning written

# Counts finished jobs for all threads, and says the count when it changed.
module Finished
  @lock = Mutex.new
  @count = @sum = 0

  def self.add(number)
    @lock.synchronize { @count += 1; @sum += number }
  end

  def self.report
    said = 0
    loop do
      sleep 0.01
      count, sum = @lock.synchronize { [@count, @sum] }
      next if count == said
      said = count
      REPORT.puts "done #{Process.pid} #{count} #{sum}"
    end
  end
end

class Noop
  include Sidekiq::Worker
  sidekiq_options retry: false

  def perform(job)
    Finished.add(job["number"])
  end
end

Sidekiq.logger = Logger.new($stderr, level: Logger::WARN)
Sidekiq.configure_client { |config| config.redis = REDIS }
Sidekiq.configure_server do |config|
  config.redis = REDIS
  config.on(:startup) do
    Thread.new { Finished.report }
    REPORT.puts "ready"
  end
end

def push(first, count)
  (first...first + count).each_slice(1000) do |numbers|
    Sidekiq::Client.push_bulk("class" => Noop, "args" => numbers.map { |number| [{ "number" => number, "text" => TEXT }] })
  end
end

if ARGV.first == "push" && $PROGRAM_NAME == __FILE__
  Sidekiq.redis(&:ping)
  REPORT.puts "ready"
  while (line = $stdin.gets)
    verb, first, count = line.split
    if verb == "push"
      push(Integer(first), Integer(count))
      REPORT.puts "pushed"
    else
      REPORT.puts "left #{Sidekiq::Queue.new.size + Sidekiq::RetrySet.new.size + Sidekiq::DeadSet.new.size}"
    end
  end
end
