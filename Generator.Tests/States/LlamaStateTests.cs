using Cameo.Generation;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Models;
using Xunit;

namespace Cameo.Tests.States;

/// <summary>However a language model spells its caches: the session holds them at one address, a token allocates nothing, and chats can be forked, rewound and saved.</summary>
[Trait("Suite", "models")]
public sealed class LlamaStateTests(ModelZoo zoo) : IClassFixture<ModelZoo>
{
    private static readonly int[] Prompt = [1, 403, 407, 261];

    public static TheoryData<string> Forms => [.. ModelZoo.Float32Forms];

    [SkippableTheory]
    [MemberData(nameof(Forms))]
    public void TokensAreAppendedInPlaceWithoutAllocation(string form)
    {
        using CompiledModel model = Create(form);
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = 1 });
        var decoder = Assert.IsAssignableFrom<IDecoder>(session);
        decoder.Forward(Prompt);
        nint[] addresses = StateModels.Addresses(session);
        Assert.Equal(10, addresses.Length);
        int tokens = 0;
        Assert.Equal(0, StateModels.Allocations(() =>
        {
            for (int token = 0; token < 10; token++)
            {
                decoder.Forward(Prompt.AsSpan(tokens++ % Prompt.Length, 1));
            }
        }));
        Assert.Equal(addresses, StateModels.Addresses(session));
        Assert.Equal(Prompt.Length + tokens, session.Length);
    }

    [SkippableTheory]
    [MemberData(nameof(Forms))]
    public void ForkRewindResetAndReload(string form)
    {
        using CompiledModel model = Create(form);
        using CompiledSession session = model.CreateSession();
        var decoder = Assert.IsAssignableFrom<IDecoder>(session);
        float[] all = decoder.Forward(Prompt).ToArray();
        using CompiledSession fork = session.Fork();
        var branch = Assert.IsAssignableFrom<IDecoder>(fork);
        float[] next = decoder.Forward([7]).ToArray();
        Assert.Equal(next, branch.Forward([7]).ToArray());

        // What was rewound over is gone: the same token again gives the same.
        decoder.Rewind(Prompt.Length);
        Assert.Equal(next, decoder.Forward([7]).ToArray());
        decoder.Reset();
        Assert.Equal(all, decoder.Forward(Prompt).ToArray());
        session.Rewind(Prompt.Length);

        using CompiledSession other = model.CreateSession();
        foreach (string name in model.Description.States.Select(static state => state.OutputName))
        {
            other.LoadState(name, session.ReadState(name));
        }

        var restored = Assert.IsAssignableFrom<IDecoder>(other);
        if (form.Contains("scatter", StringComparison.Ordinal))
        {
            // A cache of fixed shape does not tell how much of it is in use.
            other.Rewind(Prompt.Length);
        }

        Assert.Equal(next, restored.Forward([7]).ToArray());
    }

    private CompiledModel Create(string form)
    {
        ModelCompilation compilation = zoo.Stories(form);
        Assert.True(compilation.Refusal is null, compilation.Explain());
        return compilation.CreateModel();
    }
}
