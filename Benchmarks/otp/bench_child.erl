%% The children that are measured: gen_servers that wait for messages.
-module(bench_child).
-behaviour(gen_server).
-export([start_link/2, init/1, handle_call/3, handle_cast/2]).

start_link(Kind, Id) -> gen_server:start_link(?MODULE, {Kind, Id}, []).

init({parked, Id}) ->
    {ok, Id};
init({{announcing, To}, Id}) ->
    To ! {started, Id, self(), erlang:monotonic_time(nanosecond)},
    {ok, Id};
init({{sensor, Publisher, Readings}, Id}) ->
    {ok, {Id, Publisher, Readings}};
init({{publisher, Expected, To}, _}) ->
    {ok, {0, 0.0, Expected, To}}.

handle_call(_, _, State) -> {reply, ok, State}.

handle_cast({reading, _, _, _, Value}, {Received, Sum, Expected, To}) ->
    case Received + 1 of
        Expected -> To ! {received_all, self()};
        _ -> ok
    end,
    {noreply, {Received + 1, Sum + Value, Expected, To}};
handle_cast(go, {Id, Publisher, Readings} = State) ->
    send(Id, Publisher, Readings),
    {noreply, State}.

send(_, _, 0) -> ok;
send(Id, Publisher, Left) ->
    gen_server:cast(Publisher, {reading, Id, Left, erlang:monotonic_time(), 21.5}),
    send(Id, Publisher, Left - 1).
