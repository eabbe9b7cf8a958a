using Cameo.Vectors;
using Xunit;

namespace Cameo.Tests.Kernels.Quantized;

/// <summary>Conversions on vectors against .NET's own on single numbers.</summary>
[Trait("Widths", "all")]
public sealed unsafe class NarrowLanesTests
{
    [Fact]
    public void EveryHalfIsConvertedExactly()
    {
        var action = new HalfAction();
        VectorDispatch.Run(ref action);
        action.Run<ScalarFloat>();
        Assert.True(action.Checked >= 1 << 17);
    }

    [Fact]
    public void FloatsAreRoundedToTheNearestHalfAndBFloat16()
    {
        var action = new RoundAction();
        VectorDispatch.Run(ref action);
        action.Run<ScalarFloat>();
        Assert.True(action.Checked > 500_000);
    }

    [Fact]
    public void IntegersKeepTheirValueAndSaturate()
    {
        var action = new IntegerAction();
        VectorDispatch.Run(ref action);
        action.Run<ScalarFloat>();
    }

    private struct HalfAction : IVectorAction
    {
        public int Checked;

        public void Run<V>()
            where V : struct, IVector<V>
        {
            Half* halves = stackalloc Half[V.Count];
            float* floats = stackalloc float[V.Count];
            for (int first = 0; first <= ushort.MaxValue; first += V.Count)
            {
                for (int lane = 0; lane < V.Count; lane++)
                {
                    halves[lane] = BitConverter.UInt16BitsToHalf((ushort)(first + lane));
                }

                V.Store(NarrowLanes.Load<V, Half>(halves), floats);
                for (int lane = 0; lane < V.Count; lane++)
                {
                    Assert.Equal((float)halves[lane], floats[lane]);
                    Checked++;
                }
            }
        }
    }

    private struct RoundAction : IVectorAction
    {
        public int Checked;

        public void Run<V>()
            where V : struct, IVector<V>
        {
            float* floats = stackalloc float[V.Count];
            Half* halves = stackalloc Half[V.Count];
            BFloat16* bfloats = stackalloc BFloat16[V.Count];
            float* roundedHalves = stackalloc float[V.Count];
            float* roundedBFloats = stackalloc float[V.Count];

            // An odd step goes through all exponents and many fractions; ties and their neighbours come from halves and the numbers between them.
            for (long first = 0; first <= uint.MaxValue; first += 16_001L * V.Count)
            {
                for (int lane = 0; lane < V.Count; lane++)
                {
                    uint bits = (uint)(first + (16_001L * lane));
                    floats[lane] = BitConverter.UInt32BitsToSingle((bits & 1) == 0 ? bits : (bits & 0xFFFF_F000) + (bits >> 1 & 1));
                }

                V value = V.Load(floats);
                NarrowLanes.Store(value, halves);
                NarrowLanes.Store(value, bfloats);
                V.Store(NarrowLanes.Round<V, Half>(value), roundedHalves);
                V.Store(NarrowLanes.Round<V, BFloat16>(value), roundedBFloats);
                for (int lane = 0; lane < V.Count; lane++)
                {
                    Assert.Equal((Half)floats[lane], halves[lane]);
                    Assert.Equal((float)halves[lane], roundedHalves[lane]);
                    Assert.Equal(Round(floats[lane]), (float)bfloats[lane]);
                    Assert.Equal((float)bfloats[lane], roundedBFloats[lane]);
                    Checked++;
                }
            }
        }

        /// <summary>The nearer of the two neighbours, the even one between them.</summary>
        private static float Round(float value)
        {
            if (!float.IsFinite(value))
            {
                return value;
            }

            uint bits = BitConverter.SingleToUInt32Bits(value);
            uint rest = bits & 0xFFFF;
            uint down = bits - rest;
            bool up = rest > 0x8000 || (rest == 0x8000 && (down & 0x10000) != 0);
            return BitConverter.UInt32BitsToSingle(up ? down + 0x10000 : down);
        }
    }

    private struct IntegerAction : IVectorAction
    {
        public readonly void Run<V>()
            where V : struct, IVector<V>
        {
            Check<V, byte>(byte.MinValue, byte.MaxValue, value => (byte)value);
            Check<V, sbyte>(sbyte.MinValue, sbyte.MaxValue, value => (sbyte)value);
            Check<V, short>(short.MinValue, short.MaxValue, value => (short)value);
            Check<V, ushort>(ushort.MinValue, ushort.MaxValue, value => (ushort)value);
            Check<V, int>(-16_000_000, 16_000_000, value => value);
        }

        private static void Check<V, T>(int low, int high, Func<int, T> convert)
            where V : struct, IVector<V>
            where T : unmanaged
        {
            using GuardedBuffer<T> elements = new(V.Count);
            using GuardedBuffer<T> stored = new(V.Count);
            float* floats = stackalloc float[V.Count];
            var random = new Random(low);
            for (int round = 0; round < 300; round++)
            {
                for (int lane = 0; lane < V.Count; lane++)
                {
                    elements.Pointer[lane] = convert(round == 0 ? low : round == 1 ? high : random.Next(low, high));
                }

                V value = NarrowLanes.Load<V, T>(elements.Pointer);
                V.Store(value, floats);
                for (int lane = 0; lane < V.Count; lane++)
                {
                    Assert.Equal(Convert.ToSingle(elements.Pointer[lane]), floats[lane]);
                }

                NarrowLanes.Store(value, stored.Pointer);
                Assert.True(elements.Span.SequenceEqual(stored.Span));
            }

            if (typeof(T) != typeof(int))
            {
                NarrowLanes.Store(V.Broadcast(1e6f), stored.Pointer);
                Assert.Equal(convert(high), stored.Pointer[V.Count - 1]);
                NarrowLanes.Store(V.Broadcast(-1e6f), stored.Pointer);
                Assert.Equal(convert(low), stored.Pointer[V.Count - 1]);
            }
        }
    }
}
