%% OTP's side of the supervision figures: erl -noshell -run supervision_bench main MEASUREMENT [NUMBER...]
%% Prints a line `name=value` for each result; Benchmarks/README.md says what is measured. The same measurements of our
%% supervisor are in ../Sources/supervision-bench.
-module(supervision_bench).
-export([main/1]).

%% Of the short measurements, in one process: the first one finds cold caches. Their median is told.
-define(ROUNDS, 5).

main([Measurement | Numbers]) ->
    %% The logger is off: a restart would be mostly the printing of its report.
    ok = logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    measure(Measurement, [list_to_integer(Number) || Number <- Numbers]),
    halt(0).

measure("restart", [Children, Kills]) -> restart(Children, Kills);
measure("children", [Count]) -> children(Count);
measure("fanin", [Sensors, Readings]) -> fanin(Sensors, Readings);
measure("periodic", [Children, Period, Length]) -> periodic(Children, Period, Length);
measure("startstop", [Count]) -> startstop(Count).

%% Children of a one_for_one supervisor, one of them killed at a time, and the next when it is up again.
restart(Count, Kills) ->
    Rounds = [restart_round(Count, Kills) || _ <- lists:seq(1, ?ROUNDS)],
    print("p50.us", median([percentile(Times, 0.5) / 1000 || Times <- Rounds])),
    print("p99.us", median([percentile(Times, 0.99) / 1000 || Times <- Rounds])).

restart_round(Count, Kills) ->
    {ok, Supervisor} = supervisor:start_link(bench_supervisor, {static, Count, {announcing, self()}}),
    [receive {started, _, _, _} -> ok end || _ <- lists:seq(1, Count)],
    Pids = maps:from_list([{Id, Pid} || {Id, Pid, _, _} <- supervisor:which_children(Supervisor)]),
    Times = lists:sort(kill(Kills, Count, Pids, [])),
    stop(Supervisor),
    Times.

kill(0, _, _, Times) -> Times;
kill(Left, Count, Pids, Times) ->
    Id = rand:uniform(Count),
    Killed = nanoseconds(),
    exit(map_get(Id, Pids), kill),
    receive
        {started, Id, Pid, Started} -> kill(Left - 1, Count, Pids#{Id := Pid}, [Started - Killed | Times])
    end.

%% What parked children of a simple_one_for_one supervisor hold.
children(Count) ->
    {ok, Supervisor} = supervisor:start_link(bench_supervisor, {dynamic, parked}),
    collect([self(), Supervisor]),
    {Resident, Total} = {resident(), erlang:memory(total)},
    start_children(Supervisor, Count),
    collect([self(), Supervisor]),
    print("rss.bytes", (resident() - Resident) / Count),
    print("heap.bytes", (erlang:memory(total) - Total) / Count).

collect(Processes) -> [erlang:garbage_collect(Process) || Process <- Processes].

%% Every sensor sends its readings, one message each, to one publisher.
fanin(Sensors, Readings) ->
    Rounds = [fanin_round(Sensors, Readings) || _ <- lists:seq(1, ?ROUNDS)],
    print("cpu.us", median([Cpu || {Cpu, _} <- Rounds])),
    print("wall.us", median([Wall || {_, Wall} <- Rounds])),
    print("peak.bytes", peak()).

fanin_round(Sensors, Readings) ->
    {ok, Publishers} = supervisor:start_link(bench_supervisor, {dynamic, {publisher, Sensors * Readings, self()}}),
    {ok, Publisher} = supervisor:start_child(Publishers, [1]),
    {ok, Supervisor} = supervisor:start_link(bench_supervisor, {dynamic, {sensor, Publisher, Readings}}),
    Pids = start_children(Supervisor, Sensors),
    {Cpu, Begun} = {cpu_seconds(), nanoseconds()},
    [gen_server:cast(Pid, go) || Pid <- Pids],
    receive {received_all, Publisher} -> ok end,
    Round = {
        (cpu_seconds() - Cpu) * 1.0e6 / (Sensors * Readings),
        (nanoseconds() - Begun) / 1000 / (Sensors * Readings)},
    stop(Supervisor),
    stop(Publishers),
    Round.

%% Children that do something each Period ms, at absolute deadlines, spread over the milliseconds of the period.
periodic(Count, Period, Length) ->
    Histogram = bench_periodic:histogram(),
    %% 300 ms: until then all are there.
    Start = erlang:monotonic_time(millisecond) + 300,
    {ok, Supervisor} = supervisor:start_link(
        bench_supervisor, {periodic, {Start, Start + Length * 1000, Period, Histogram}}),
    Monitors = [monitor(process, Pid) || Pid <- start_children(Supervisor, Count)],
    timer:sleep(max(0, Start - 50 - erlang:monotonic_time(millisecond))),
    Cpu = cpu_seconds(),
    [receive {'DOWN', Monitor, _, _, _} -> ok end || Monitor <- Monitors],
    print("cpu.seconds", cpu_seconds() - Cpu),
    Buckets = bench_periodic:buckets(Histogram),
    Ticks = lists:sum([Number || {_, Number} <- Buckets]),
    print("ticks", Ticks),
    [print(Name, bucket(Buckets, Ticks * Share))
     || {Name, Share} <- [{"late.p50.us", 0.5}, {"late.p99.us", 0.99}, {"late.p999.us", 0.999}]].

bucket([{Bucket, Number} | _], Left) when Number >= Left -> Bucket;
bucket([{_, Number} | Buckets], Left) -> bucket(Buckets, Left - Number).

%% All children started, then all stopped by the end of their supervisor.
startstop(Count) ->
    S0 = nanoseconds(),
    {ok, Static} = supervisor:start_link(bench_supervisor, {static, Count, parked}),
    S1 = nanoseconds(),
    stop(Static),
    S2 = nanoseconds(),
    {ok, Dynamic} = supervisor:start_link(bench_supervisor, {dynamic, parked}),
    start_children(Dynamic, Count),
    S3 = nanoseconds(),
    stop(Dynamic),
    S4 = nanoseconds(),
    [print(Name, (To - From) / 1000 / Count)
     || {Name, From, To} <- [
            {"static.start.us", S0, S1}, {"static.stop.us", S1, S2},
            {"dynamic.start.us", S2, S3}, {"dynamic.stop.us", S3, S4}]].

start_children(Supervisor, Count) ->
    [begin {ok, Pid} = supervisor:start_child(Supervisor, [Id]), Pid end || Id <- lists:seq(1, Count)].

stop(Supervisor) ->
    exit(Supervisor, shutdown),
    receive {'EXIT', Supervisor, shutdown} -> ok end.

nanoseconds() -> erlang:monotonic_time(nanosecond).

median(Values) -> percentile(lists:sort(Values), 0.5).

percentile(Sorted, Share) -> lists:nth(max(1, round(Share * length(Sorted))), Sorted).

%% User and system time of the whole emulator (proc_pid_stat(5), fields 14 and 15, in ticks of 10 ms).
cpu_seconds() ->
    {ok, Text} = file:read_file("/proc/self/stat"),
    [_, Fields] = binary:split(Text, <<") ">>),
    Words = binary:split(Fields, <<" ">>, [global]),
    (binary_to_integer(lists:nth(12, Words)) + binary_to_integer(lists:nth(13, Words))) / 100.

%% Resident bytes now and at most (proc_pid_status(5)).
resident() -> status(<<"VmRSS:">>).
peak() -> status(<<"VmHWM:">>).

status(Name) ->
    {ok, Text} = file:read_file("/proc/self/status"),
    [_, Rest] = binary:split(Text, Name),
    [Number | _] = string:lexemes(Rest, " \t\n"),
    binary_to_integer(Number) * 1024.

print(Name, Value) -> io:format("~s=~w~n", [Name, Value]).
