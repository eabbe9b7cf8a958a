using System.Globalization;
using Cameo.Memory;
using Cameo.States;
using Xunit;

namespace Cameo.Tests.States;

public sealed unsafe class CachePagesTests
{
    private const int Capacity = 16384;
    private const int Heads = 3;
    private const int HeadSize = 64;
    private const int Prompt = 256;

    /// <summary>A page becomes large when tokens fill most of it, and not before; what it holds stays as it is.</summary>
    [SkippableFact]
    public void PagesBecomeLargeAsTokensFillThem()
    {
        Skip.IfNot(HugePages.AreAvailable, "The system has no large pages for who asks.");
        using var state = new SequenceState(Capacity);
        using var buffer = new KeyValueBuffer(state, Heads, HeadSize);
        Append(state, buffer, Prompt);
        long before = LargePageBytes(buffer);
        while (state.Position < Capacity)
        {
            Append(state, buffer, Prompt);
        }

        // Enough runs for what was left over.
        for (int run = 0; run < 32; run++)
        {
            state.Begin(1, 0);
            state.Commit();
        }

        Skip.If(LargePageBytes(buffer) == 0, "The system can't make large pages of pages in use.");
        Assert.Equal(0, before);
        Assert.InRange(LargePageBytes(buffer), HugePages.PageBytes, (long)Capacity * Heads * HeadSize * sizeof(float));
        for (int head = 0; head < Heads; head++)
        {
            for (int token = 0; token < Capacity; token++)
            {
                Assert.Equal(Element(head, token), buffer.Head(0, head)[(token * HeadSize) + 5]);
            }
        }
    }

    private static void Append(SequenceState state, KeyValueBuffer buffer, int tokens)
    {
        int past = state.Position;
        state.Begin(1, tokens);
        for (int head = 0; head < Heads; head++)
        {
            for (int token = past; token < past + tokens; token++)
            {
                new Span<float>(buffer.Head(0, head) + (token * HeadSize), HeadSize).Fill(Element(head, token));
            }
        }

        state.Commit();
    }

    private static float Element(int head, int token) => (head * 100_000) + token;

    /// <summary>Bytes of large pages in the mapping that holds the buffer, as the system lists the process's memory.</summary>
    private static long LargePageBytes(KeyValueBuffer buffer)
    {
        long middle = (long)(nint)buffer.Head(0, 1);
        bool isInside = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            string[] range = line.Split(' ')[0].Split('-');
            if (range.Length == 2 && long.TryParse(range[0], NumberStyles.HexNumber, null, out long begin) && long.TryParse(range[1], NumberStyles.HexNumber, null, out long end))
            {
                isInside = begin <= middle && middle < end;
            }
            else if (isInside && line.StartsWith("AnonHugePages:", StringComparison.Ordinal))
            {
                return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
            }
        }

        return 0;
    }
}
