%% The two ends of a measurement of gen_server:call, as those in Go: the one prints
%% ready and answers, the other prints the time of each call in nanoseconds.
-module(roundtrip).
-behaviour(gen_server).
-export([answer/0, ask/3]).
-export([init/1, handle_call/3, handle_cast/2]).

answer() ->
    {ok, _} = gen_server:start({local, ?MODULE}, ?MODULE, [], []),
    io:format("ready~n").

ask(Node, Warm, Count) ->
    pong = net_adm:ping(Node),
    To = {?MODULE, Node},
    calls(To, Warm, []),
    Times = calls(To, Count, []),
    io:put_chars([[integer_to_list(T), $\n] || T <- Times]),
    halt().

calls(_, 0, Times) -> Times;
calls(To, N, Times) ->
    Began = erlang:monotonic_time(nanosecond),
    pong = gen_server:call(To, ping),
    calls(To, N - 1, [erlang:monotonic_time(nanosecond) - Began | Times]).

init([]) -> {ok, none}.

handle_call(ping, _From, State) -> {reply, pong, State}.

handle_cast(_, State) -> {noreply, State}.
