using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Rounds numbers to 8 bits as DynamicQuantizeLinear does: unsigned, one scale and zero point for all, and a range that has 0.</summary>
internal static unsafe class StateQuantization
{
    /// <summary>Writes what the integers stand for.</summary>
    public static void Round(float* source, float* target, nint count)
    {
        var action = new RoundAction { Source = source, Target = target, Count = count };
        VectorDispatch.Run(ref action);
    }

    private struct RoundAction : IVectorAction
    {
        private const float Largest = byte.MaxValue;

        public float* Source;
        public float* Target;
        public nint Count;

        public readonly void Run<V>()
            where V : struct, IVector<V>
        {
            (float low, float high) = Range<V>();
            float scale = high == low ? 1 : (high - low) / Largest;
            float zero = MathF.Round(Math.Clamp(-low / scale, 0, Largest));
            nint index = 0;
            for (; index + V.Count <= Count; index += V.Count)
            {
                V.Store(Round(V.Load(Source + index), scale, zero), Target + index);
            }

            for (; index < Count; index++)
            {
                Target[index] = Round(new ScalarFloat(Source[index]), scale, zero).Value;
            }
        }

        private readonly (float Low, float High) Range<V>()
            where V : struct, IVector<V>
        {
            V low = V.Zero, high = V.Zero;
            nint index = 0;
            for (; index + V.Count <= Count; index += V.Count)
            {
                low = V.Min(low, V.Load(Source + index));
                high = V.Max(high, V.Load(Source + index));
            }

            (float least, float most) = (V.ReduceMin(low), V.ReduceMax(high));
            for (; index < Count; index++)
            {
                (least, most) = (MathF.Min(least, Source[index]), MathF.Max(most, Source[index]));
            }

            return (least, most);
        }

        private static V Round<V>(V value, float scale, float zero)
            where V : struct, IVector<V>
        {
            V stored = V.Round(value / V.Broadcast(scale)) + V.Broadcast(zero);
            return (V.Min(V.Max(stored, V.Zero), V.Broadcast(Largest)) - V.Broadcast(zero)) * V.Broadcast(scale);
        }
    }
}
